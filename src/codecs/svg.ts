import { InputError } from '../errors.ts'
import { waterfall } from '../plots/waterfall.ts'
import type { Explanation } from '../shap/explanation.ts'
import type { Codec } from './codec.ts'

/** The picture of one row's explanation. */
export const svg = {
  name: 'svg',
  mediaTypes: ['image/svg+xml'],
  form: 'text',
  encodeExplanations(explanations) {
    if (explanations.rows.length !== 1) {
      throw new InputError(
        'one_row',
        `a picture shows one row, the request has ${explanations.rows.length}`,
      )
    }
    const [row] = explanations.rows as [Explanation]
    if (row.outputNames.length !== 1) {
      throw new InputError(
        'invalid_option',
        'a picture shows one output; choose one class with output=',
      )
    }
    return waterfall(row, { space: explanations.space, target: explanations.target })
  },
} satisfies Codec
