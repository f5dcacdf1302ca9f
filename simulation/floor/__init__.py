"""The shop floor as it physically is: what lies on the shelves, what a hand does to a scale, how warm the fridge is.

The rooms of the product never look in here. They see what the virtual sensors say of it, over the same wires as in a
real shop, and have to find out for themselves.
"""
