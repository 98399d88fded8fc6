/** Whether the model has a page of its own. */
import { parseTruth, type Setting } from './setting.ts'

export interface PageConfig {
  /** Whether `/` answers the model's page. */
  readonly page: boolean
}

export const pageSettings: readonly Setting<keyof PageConfig>[] = [
  {
    key: 'page',
    flag: '--page',
    env: ['SHAPSERVE_PAGE'],
    default: 'true',
    isSwitch: true,
    negated: '--no-page',
    description:
      "whether / answers the model's page (default false where SageMaker's variables are set)",
    parse: parseTruth,
  },
]
