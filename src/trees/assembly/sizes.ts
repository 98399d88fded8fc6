// Numbers known to the compiler, as types: `number<N4>()` is the constant 4, so that loops over the points of a
// quadrature are unrolled and their offsets are immediates. N0 stands for "known at run time only".
@unmanaged export class N0 {}
@unmanaged export class N1 { a: u8 }
@unmanaged export class N2 extends N1 { b: u8 }
@unmanaged export class N3 extends N2 { c: u8 }
@unmanaged export class N4 extends N3 { d: u8 }
@unmanaged export class N5 extends N4 { e: u8 }
@unmanaged export class N6 extends N5 { f: u8 }
@unmanaged export class N7 extends N6 { g: u8 }
@unmanaged export class N8 extends N7 { h: u8 }

@inline export function number<N>(): i32 {
  return <i32>offsetof<N>();
}
