/** Predictions of rows, as they are answered. */
import { clarify, explanations } from './explanations.ts'
import { label, numbers, score, warnings } from './schema.ts'

const prediction = {
  type: 'object',
  required: ['predicted_label', 'score', 'probabilities'],
  properties: {
    predicted_label: label,
    score,
    probabilities: { type: 'object', additionalProperties: { type: 'number' } },
    warnings,
  },
}

/** Whatever was selected of a prediction, or asked for by another dialect. */
export const predictionAnswer = {
  anyOf: [
    {
      type: 'object',
      required: ['predictions'],
      properties: {
        warnings: {
          type: 'array',
          items: warnings,
          description: 'where predictions are bare values',
        },
        predictions: {
          type: 'array',
          items: {
            anyOf: [
              prediction,
              label,
              numbers,
              {
                type: 'object',
                additionalProperties: true,
                description: 'the members selected by SAGEMAKER_INFERENCE_OUTPUT',
              },
            ],
          },
        },
      },
    },
    { type: 'array', items: label, description: 'to a bare list of lists: the labels' },
    explanations,
    clarify,
  ],
}
