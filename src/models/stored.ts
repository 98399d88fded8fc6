import type { Tensor, TensorFile } from '../data/tensor.ts'
import { ArtifactError, quote } from '../errors.ts'

/**
 * Returns the named tensor of the expected type.
 * @throws ArtifactError `invalid`
 */
export function readTensor<T extends Tensor['dtype']>(
  file: TensorFile,
  name: string,
  dtype: T,
): Extract<Tensor, { dtype: T }> {
  const tensor = file.tensors.get(name)
  if (!tensor) throw new ArtifactError('invalid', `the stored model has no tensor ${quote(name)}`)
  if (tensor.dtype !== dtype) {
    throw new ArtifactError(
      'invalid',
      `tensor ${quote(name)} has type ${tensor.dtype}, expected ${dtype}`,
    )
  }
  return tensor as Extract<Tensor, { dtype: T }>
}

/**
 * Returns the named text if it is one of the choices.
 * @throws ArtifactError `invalid`
 */
export function readChoice<const T extends string>(
  file: TensorFile,
  name: string,
  choices: readonly T[],
): T {
  const value = file.metadata.get(name)
  const found = choices.find((choice) => choice === value)
  if (found === undefined) {
    throw new ArtifactError(
      'invalid',
      `the stored model's ${name} is ${quote(value)}, expected ${choices.join(' or ')}`,
    )
  }
  return found
}
