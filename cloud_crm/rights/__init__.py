"""Rights: where every point and coupon of a member is, and which gateway may let it be used without asking."""
