/** The settings of multi-model endpoints. */
import { parseTruth, parseWhole, type Setting } from './setting.ts'

export interface MultiModelConfig {
  readonly multiModel: boolean
  readonly modelMemory: number
}

export const multiModelSettings: readonly Setting<keyof MultiModelConfig>[] = [
  {
    key: 'multiModel',
    isSwitch: true,
    flag: '--multi-model',
    env: ['SAGEMAKER_MULTI_MODEL'],
    default: 'false',
    description: 'serve a multi-model endpoint: models are loaded and unloaded over HTTP',
    parse: parseTruth,
  },
  {
    key: 'modelMemory',
    flag: '--model-memory',
    env: ['SHAPSERVE_MODEL_MEMORY'],
    default: 'auto',
    description:
      'bytes of model files that a multi-model endpoint holds at most; auto = what the memory of its container allows',
    parse: (text, name) =>
      text === 'auto' ? Number.POSITIVE_INFINITY : parseWhole(text, name, 1, 10 ** 15 - 1),
  },
]
