/** Choosing among the ways in which a model can be explained. */
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import type { ExplainerOffer } from '../models/model.ts'
import type { Method, Space } from '../shap/explanation.ts'
import type { ExplainOptions } from './options.ts'

/**
 * Returns the offer of the space and method asked for.
 * @throws InputError `invalid_option` naming what there is; `cannot_explain` if there is nothing
 */
export function chooseOffer(
  offers: readonly ExplainerOffer[],
  { space, method }: Pick<ExplainOptions, 'space' | 'method'>,
): ExplainerOffer {
  const refusal = offers[0]?.refusal
  if (refusal !== undefined) throw new InputError('cannot_explain', refusal)
  const spaces = [...new Set(offers.map((offer): Space => offer.space))]
  const methods = [...new Set(offers.map((offer): Method => offer.method))]
  if (space !== undefined && !spaces.some((known) => known === space))
    throw unknownOption('space', space, spaces)
  if (method !== undefined && !methods.some((known) => known === method))
    throw unknownOption('method', method, methods)
  const found = offers.find(
    (offer) =>
      (space === undefined || offer.space === space) &&
      (method === undefined || offer.method === method),
  )
  if (!found) {
    const pairs = offers.map((offer) => `space=${offer.space} with method=${offer.method}`)
    throw new InputError(
      'invalid_option',
      `this model offers ${pairs.join(', ')}, not space=${space} with method=${method}`,
    )
  }
  if (found.refusal !== undefined) throw new InputError('invalid_option', found.refusal)
  return found
}

/** Returns the refusal of an option's value that a model does not have. */

/** Returns the error of an option whose value is none of those that a model offers, with the nearest one. */
export function unknownOption(name: string, value: string, choices: readonly string[]): InputError {
  return new InputError(
    'invalid_option',
    `${name} is ${quote(value)}, this model offers ${listNames(choices)}${didYouMean(value, choices)}`,
  )
}
