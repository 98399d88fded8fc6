/** How answers look when a request does not say it. */
import { parseTruth, type Setting } from './setting.ts'

export interface AnswerConfig {
  readonly defaultAccept: string
  readonly inferenceOutput: string
  readonly enableExplanations: string
  readonly modelName: string
  readonly predictProbabilities: boolean
  readonly inferOutputs: string
}

export const answerSettings: readonly Setting<keyof AnswerConfig>[] = [
  {
    key: 'defaultAccept',
    flag: '--default-accept',
    env: ['SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT'],
    default: 'application/json',
    description:
      'type of predictions for requests without Accept; lines = a line per record, JSON Lines of JSON Lines and CSV of other tables (default when SAGEMAKER_BATCH is set)',
    parse: (text) => text,
  },
  {
    key: 'inferenceOutput',
    flag: '--inference-output',
    env: ['SAGEMAKER_INFERENCE_OUTPUT'],
    default: '',
    description:
      'members of predictions, comma-separated: predicted_label, labels, probability, probabilities, raw_score, raw_scores',
    parse: (text) => text,
  },
  {
    key: 'enableExplanations',
    flag: '--enable-explanations',
    env: ['SHAPSERVE_ENABLE_EXPLANATIONS'],
    default: '',
    description: 'JMESPath condition on which /invocations answers explanations beside predictions',
    parse: (text) => text,
  },
  {
    key: 'modelName',
    flag: '--model-name',
    env: ['SHAPSERVE_MODEL_NAME'],
    default: 'model',
    description: "name of the model in KServe's and the Open Inference Protocol's paths",
    parse: (text) => text,
  },
  {
    key: 'predictProbabilities',
    isSwitch: true,
    flag: '--predict-proba',
    env: ['PREDICT_PROBA'],
    default: 'false',
    description: "whether KServe's :predict answers probabilities instead of labels",
    parse: parseTruth,
  },
  {
    key: 'inferOutputs',
    flag: '--infer-outputs',
    env: ['SHAPSERVE_INFER_OUTPUTS'],
    default: 'predict,predict_proba,explain',
    description:
      "outputs in the Open Inference Protocol's metadata, and of requests that name none; without explain these cost less",
    parse: (text) => text,
  },
]
