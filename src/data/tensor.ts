/** A named numeric array with a shape, row-major: what a fitted model is stored as. */
export type Tensor =
  | { readonly dtype: 'F64'; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly dtype: 'I32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'U8'; readonly shape: readonly number[]; readonly data: Uint8Array }

/** Tensors and text by name. */
export interface TensorFile {
  readonly metadata: ReadonlyMap<string, string>
  readonly tensors: ReadonlyMap<string, Tensor>
}

/** Returns a tensor of doubles; without a shape, a vector. */
export function f64(data: Float64Array, ...shape: number[]): Tensor {
  return { dtype: 'F64', shape: shape.length > 0 ? shape : [data.length], data }
}

/** Returns a tensor of 32-bit integers; without a shape, a vector. */
export function i32(data: Int32Array, ...shape: number[]): Tensor {
  return { dtype: 'I32', shape: shape.length > 0 ? shape : [data.length], data }
}

/** Returns a tensor of bytes; without a shape, a vector. */
export function u8(data: Uint8Array, ...shape: number[]): Tensor {
  return { dtype: 'U8', shape: shape.length > 0 ? shape : [data.length], data }
}
