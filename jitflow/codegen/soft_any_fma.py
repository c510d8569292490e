"""x * y + z of any float64, rounded once, by integers of 64 bits: LLVM text.

128 bits hold the product and z, aligned; what is moved out below leaves a last bit behind, so that
rounding to 53 bits, or fewer below the normal numbers, sees that something was there.
"""

from __future__ import annotations

ANY_FMA_NAME = "jitflow_soft_any_fma_f64"
ANY_FMA = f"""\
define internal {{ i64, i64 }} @jitflow_shifted(i64 %high, i64 %low, i64 %by) nounwind {{
  %less = and i64 %by, 63
  %low.near = call i64 @llvm.fshr.i64(i64 %high, i64 %low, i64 %less)
  %high.near = lshr i64 %high, %less
  %lost.near = call i64 @llvm.fshr.i64(i64 %low, i64 0, i64 %less)
  %lost.high = call i64 @llvm.fshr.i64(i64 %high, i64 0, i64 %less)
  %lost.far = or i64 %lost.high, %low
  %all = or i64 %high, %low
  %is.far = icmp ugt i64 %by, 63
  %is.gone = icmp ugt i64 %by, 127
  %high.kept = select i1 %is.far, i64 0, i64 %high.near
  %low.some = select i1 %is.far, i64 %high.near, i64 %low.near
  %low.kept = select i1 %is.gone, i64 0, i64 %low.some
  %lost.some = select i1 %is.far, i64 %lost.far, i64 %lost.near
  %lost = select i1 %is.gone, i64 %all, i64 %lost.some
  %is.lost = icmp ne i64 %lost, 0
  %sticky = zext i1 %is.lost to i64
  %low.sticky = or i64 %low.kept, %sticky
  %pair = insertvalue {{ i64, i64 }} poison, i64 %high.kept, 0
  %both = insertvalue {{ i64, i64 }} %pair, i64 %low.sticky, 1
  ret {{ i64, i64 }} %both
}}
define internal {{ i64, i64 }} @jitflow_parts(i64 %bits) nounwind {{
  %fraction = and i64 %bits, 4503599627370495
  %shifted = lshr i64 %bits, 52
  %field = and i64 %shifted, 2047
  %is.small = icmp eq i64 %field, 0
  %whole = or i64 %fraction, 4503599627370496
  %zeros = call i64 @llvm.ctlz.i64(i64 %fraction, i1 false)
  %more = sub i64 %zeros, 11
  %more.in = and i64 %more, 63
  %lifted = shl i64 %fraction, %more.in
  %small = sub i64 1, %more
  %mantissa = select i1 %is.small, i64 %lifted, i64 %whole
  %biased = select i1 %is.small, i64 %small, i64 %field
  %exponent = sub i64 %biased, 1075
  %pair = insertvalue {{ i64, i64 }} poison, i64 %mantissa, 0
  %both = insertvalue {{ i64, i64 }} %pair, i64 %exponent, 1
  ret {{ i64, i64 }} %both
}}
define internal double @{ANY_FMA_NAME}(double %x, double %y, double %z) nounwind {{
  %plain.product = fmul double %x, %y
  %plain = fadd double %plain.product, %z
  %x.size = call double @llvm.fabs.f64(double %x)
  %y.size = call double @llvm.fabs.f64(double %y)
  %z.size = call double @llvm.fabs.f64(double %z)
  %x.finite = fcmp olt double %x.size, 0x7FF0000000000000
  %y.finite = fcmp olt double %y.size, 0x7FF0000000000000
  %z.finite = fcmp olt double %z.size, 0x7FF0000000000000
  %x.counts = fcmp one double %x, 0.0
  %y.counts = fcmp one double %y, 0.0
  %both.finite = and i1 %x.finite, %y.finite
  %all.finite = and i1 %both.finite, %z.finite
  %both.count = and i1 %x.counts, %y.counts
  %is.usual = and i1 %all.finite, %both.count
  br i1 %is.usual, label %usual, label %special
special:
  ; a finite product may overflow before it meets an infinite z
  %z.alone = xor i1 %z.finite, true
  %z.decides = and i1 %both.finite, %z.alone
  %found = select i1 %z.decides, double %z, double %plain
  ret double %found
usual:
  %x.bits = bitcast double %x to i64
  %y.bits = bitcast double %y to i64
  %z.bits = bitcast double %z to i64
  %x.parts = call {{ i64, i64 }} @jitflow_parts(i64 %x.bits)
  %y.parts = call {{ i64, i64 }} @jitflow_parts(i64 %y.bits)
  %z.parts = call {{ i64, i64 }} @jitflow_parts(i64 %z.bits)
  %x.mantissa = extractvalue {{ i64, i64 }} %x.parts, 0
  %y.mantissa = extractvalue {{ i64, i64 }} %y.parts, 0
  %z.mantissa = extractvalue {{ i64, i64 }} %z.parts, 0
  %x.exponent = extractvalue {{ i64, i64 }} %x.parts, 1
  %y.exponent = extractvalue {{ i64, i64 }} %y.parts, 1
  %z.exponent = extractvalue {{ i64, i64 }} %z.parts, 1
  ; product of 106 bits from halves of 32, then 21 places up
  %x.low = and i64 %x.mantissa, 4294967295
  %x.high = lshr i64 %x.mantissa, 32
  %y.low = and i64 %y.mantissa, 4294967295
  %y.high = lshr i64 %y.mantissa, 32
  %ll = mul i64 %x.low, %y.low
  %lh = mul i64 %x.low, %y.high
  %hl = mul i64 %x.high, %y.low
  %hh = mul i64 %x.high, %y.high
  %ll.high = lshr i64 %ll, 32
  %lh.low = and i64 %lh, 4294967295
  %hl.low = and i64 %hl, 4294967295
  %middle.part = add i64 %ll.high, %lh.low
  %middle = add i64 %middle.part, %hl.low
  %middle.up = shl i64 %middle, 32
  %ll.low = and i64 %ll, 4294967295
  %low = or i64 %middle.up, %ll.low
  %middle.high = lshr i64 %middle, 32
  %lh.high = lshr i64 %lh, 32
  %hl.high = lshr i64 %hl, 32
  %high.1 = add i64 %hh, %middle.high
  %high.2 = add i64 %high.1, %lh.high
  %high = add i64 %high.2, %hl.high
  %p.high = call i64 @llvm.fshl.i64(i64 %high, i64 %low, i64 21)
  %p.low = shl i64 %low, 21
  %p.exponent.sum = add i64 %x.exponent, %y.exponent
  %p.exponent = sub i64 %p.exponent.sum, 21
  ; z, 74 places up
  %c.high = shl i64 %z.mantissa, 10
  %c.exponent = sub i64 %z.exponent, 74
  %z.is.zero = icmp eq i64 %z.mantissa, 0
  %c.at = select i1 %z.is.zero, i64 %p.exponent, i64 %c.exponent
  ; one exponent for both: what is moved down leaves a last bit for what was lost
  %apart = sub i64 %p.exponent, %c.at
  %p.above = icmp sge i64 %apart, 0
  %apart.back = sub i64 0, %apart
  %c.by = select i1 %p.above, i64 %apart, i64 0
  %p.by = select i1 %p.above, i64 0, i64 %apart.back
  %exponent = select i1 %p.above, i64 %p.exponent, i64 %c.at
  %p.pair = call {{ i64, i64 }} @jitflow_shifted(i64 %p.high, i64 %p.low, i64 %p.by)
  %c.pair = call {{ i64, i64 }} @jitflow_shifted(i64 %c.high, i64 0, i64 %c.by)
  %ph = extractvalue {{ i64, i64 }} %p.pair, 0
  %pl = extractvalue {{ i64, i64 }} %p.pair, 1
  %ch = extractvalue {{ i64, i64 }} %c.pair, 0
  %cl = extractvalue {{ i64, i64 }} %c.pair, 1
  %p.sign = xor i64 %x.bits, %y.bits
  %signs = xor i64 %p.sign, %z.bits
  %subtracts = icmp slt i64 %signs, 0
  ; sum, or difference: the larger one less the smaller one
  %sum.low = add i64 %pl, %cl
  %carries = icmp ult i64 %sum.low, %pl
  %carry = zext i1 %carries to i64
  %sum.part = add i64 %ph, %ch
  %sum.high = add i64 %sum.part, %carry
  %is.above = icmp ugt i64 %ch, %ph
  %is.level = icmp eq i64 %ch, %ph
  %low.above = icmp ugt i64 %cl, %pl
  %level.above = and i1 %is.level, %low.above
  %c.larger = or i1 %is.above, %level.above
  %mh = select i1 %c.larger, i64 %ch, i64 %ph
  %ml = select i1 %c.larger, i64 %cl, i64 %pl
  %sh = select i1 %c.larger, i64 %ph, i64 %ch
  %sl = select i1 %c.larger, i64 %pl, i64 %cl
  %rest.low = sub i64 %ml, %sl
  %borrows = icmp ult i64 %ml, %sl
  %borrow = zext i1 %borrows to i64
  %rest.part = sub i64 %mh, %sh
  %rest.high = sub i64 %rest.part, %borrow
  %r.high = select i1 %subtracts, i64 %rest.high, i64 %sum.high
  %r.low = select i1 %subtracts, i64 %rest.low, i64 %sum.low
  %flips = and i1 %subtracts, %c.larger
  %sign.from = select i1 %flips, i64 %z.bits, i64 %p.sign
  %sign = and i64 %sign.from, -9223372036854775808
  %r.all = or i64 %r.high, %r.low
  %is.nothing = icmp eq i64 %r.all, 0
  br i1 %is.nothing, label %nothing, label %number
nothing:
  ret double 0.0
number:
  ; the first bit to the top
  %high.zeros = call i64 @llvm.ctlz.i64(i64 %r.high, i1 false)
  %low.zeros = call i64 @llvm.ctlz.i64(i64 %r.low, i1 false)
  %no.high = icmp eq i64 %r.high, 0
  %far.zeros = add i64 %low.zeros, 64
  %zeros = select i1 %no.high, i64 %far.zeros, i64 %high.zeros
  %up = and i64 %zeros, 63
  %moved.high = call i64 @llvm.fshl.i64(i64 %r.high, i64 %r.low, i64 %up)
  %moved.low = shl i64 %r.low, %up
  %n.high = select i1 %no.high, i64 %moved.low, i64 %moved.high
  %n.low = select i1 %no.high, i64 0, i64 %moved.low
  %lowered = sub i64 %exponent, %zeros
  %field = add i64 %lowered, 1150
  ; below the normal numbers, down again
  %is.small = icmp slt i64 %field, 1
  %below = sub i64 1, %field
  %down = select i1 %is.small, i64 %below, i64 0
  %n.pair = call {{ i64, i64 }} @jitflow_shifted(i64 %n.high, i64 %n.low, i64 %down)
  %fh = extractvalue {{ i64, i64 }} %n.pair, 0
  %fl = extractvalue {{ i64, i64 }} %n.pair, 1
  ; 53 bits are kept, ties go to even
  %kept = lshr i64 %fh, 11
  %cut = and i64 %fh, 2047
  %cut.above = icmp ugt i64 %cut, 1024
  %cut.half = icmp eq i64 %cut, 1024
  %low.some = icmp ne i64 %fl, 0
  %last = and i64 %kept, 1
  %is.odd = icmp ne i64 %last, 0
  %tie.up = or i1 %low.some, %is.odd
  %half.up = and i1 %cut.half, %tie.up
  %ups = or i1 %cut.above, %half.up
  %up.one = zext i1 %ups to i64
  %rounded = add i64 %kept, %up.one
  %field.less = sub i64 %field, 1
  %field.used = select i1 %is.small, i64 0, i64 %field.less
  %field.bits = shl i64 %field.used, 52
  %finite = add i64 %field.bits, %rounded
  %is.large = icmp sgt i64 %field, 2046
  %size = select i1 %is.large, i64 9218868437227405312, i64 %finite
  %bits = or i64 %size, %sign
  %result = bitcast i64 %bits to double
  ret double %result
}}"""
