// Random numbers: sfc32 (Chris Doty-Humphrey, PractRand).

let a: u32
let b: u32
let c: u32
let counter: u32

export function seed(a_: u32, b_: u32, c_: u32): void {
  a = a_
  b = b_
  c = c_
  counter = 1
  for (let i = 0; i < 12; i++) next()
}

function next(): u32 {
  const sum: u32 = a + b + counter
  counter++
  a = b ^ (b >>> 9)
  b = c + (c << 3)
  c = rotl<u32>(c, 21) + sum
  return sum
}

/** Next integer from 0 to bound − 1, without bias (Lemire 2019). */
export function below(bound: u32): u32 {
  let product: u64 = <u64>next() * <u64>bound
  if (<u32>product < bound) {
    const least: u32 = (0 - bound) % bound
    while (<u32>product < least) product = <u64>next() * <u64>bound
  }
  return <u32>(product >>> 32)
}
