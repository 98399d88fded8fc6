/** Explanations of rows, as they are answered and as they are asked for. */
import { describeExplainOptions } from '../../answering/explain-options.ts'
import type { Artifact } from '../../artifact/artifact.ts'
import { spaces } from '../../shap/explanation.ts'
import { cell, label, numbers, type Schema, score, texts, warnings } from './schema.ts'

const orNull = { type: ['number', 'null'] }

const counterfactual = {
  type: 'object',
  description: 'the smallest change after which the class asked for is predicted',
  required: ['class', 'found', 'optimal', 'distance', 'bound', 'changes'],
  properties: {
    class: label,
    found: { type: 'boolean' },
    optimal: {
      type: 'boolean',
      description: 'whether the search was complete: no smaller change, or none at all',
    },
    distance: {
      ...orNull,
      description: 'sum of |change| / standard deviation of numbers and 1 per changed category',
    },
    bound: { ...orNull, description: 'smaller changes were ruled out' },
    changes: {
      type: 'array',
      items: {
        type: 'object',
        properties: { column: { type: 'string' }, from: cell, to: cell },
      },
    },
    predicted_label: label,
    score,
  },
}

const explanation = {
  type: 'object',
  required: ['predicted_label', 'score', 'additivity_error'],
  properties: {
    predicted_label: label,
    score,
    output_names: texts,
    base_values: numbers,
    outputs: { ...numbers, description: "the model's output per class explained" },
    feature_names: texts,
    data: { type: 'array', items: cell, description: 'the values sent; null = missing' },
    imputed: {
      type: 'object',
      additionalProperties: cell,
      description: 'what the model takes for the missing values, by column; absent where none is',
    },
    shap_values: { type: 'array', items: numbers, description: '[output][feature]' },
    interaction_values: {
      type: 'array',
      items: { type: 'array', items: numbers },
      description: '[output][feature][feature], where asked for; rows sum to the SHAP values',
    },
    counterfactual,
    others: {
      anyOf: [numbers, { type: 'number' }],
      description: 'sum of the values left out by `top`, per output',
    },
    additivity_error: { type: 'number' },
    warnings,
    row: { type: 'integer' },
    output_name: { type: 'string' },
    base_value: { type: 'number' },
    output: { type: 'number' },
    contributions: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          feature: { type: 'string' },
          value: cell,
          imputed: cell,
          shap_value: { type: 'number' },
        },
      },
    },
  },
}

/** Explanations of rows. */
export const explanations = {
  type: 'object',
  required: ['model_id', 'space', 'method', 'explanations'],
  properties: {
    model_id: { type: 'string' },
    space: { enum: spaces },
    method: { type: 'string' },
    output_names: texts,
    base_values: numbers,
    feature_names: texts,
    explanations: { type: 'array', items: explanation },
  },
}

/** Explanations beside predictions. */
export const clarify = {
  type: 'object',
  description: "Clarify's online response",
  required: ['version', 'predictions', 'explanations'],
  properties: {
    version: { type: 'string' },
    predictions: {
      type: 'object',
      properties: { content_type: { type: 'string' }, data: { type: 'string' } },
    },
    label_headers: texts,
    explanations: { type: 'object', additionalProperties: true },
    expected_value: numbers,
    space: { type: 'string' },
    method: { type: 'string' },
    model_id: { type: 'string' },
  },
}

/** What names a plot; which options it takes more is its own. */
export const plotOption = {
  type: 'string',
  description:
    'a plot, as image/svg+xml or image/png; options of the plot may follow, an unknown name lists all plots',
  examples: ['waterfall'],
}

/** Returns the options of an explanation in a query string. */
export function explainQuery({ classes }: Artifact): Schema {
  return { type: 'object', properties: { ...describeExplainOptions(classes), plot: plotOption } }
}
