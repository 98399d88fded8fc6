/** Settings of `serve`: one table, from which they are read, `--help` is printed and `docs/operations.md` is checked. */
import { didYouMean, quote } from './errors.ts'
import { type AccessConfig, accessSettings } from './settings/access.ts'
import { type AnswerConfig, answerSettings } from './settings/answers.ts'
import { type CaptureConfig, captureSettings } from './settings/capture.ts'
import { type LimitConfig, limitSettings } from './settings/limits.ts'
import { type ListeningConfig, listeningSettings } from './settings/listening.ts'
import { type MetricsConfig, metricsSettings } from './settings/metrics.ts'
import { type MultiModelConfig, multiModelSettings } from './settings/multi-model.ts'
import { type PageConfig, pageSettings } from './settings/page.ts'
import { parseTruth, type Setting } from './settings/setting.ts'

/** The process's environment, passed in so that nothing else reads it. */
export type Env = Readonly<Record<string, string | undefined>>

export interface Config
  extends ListeningConfig,
    AccessConfig,
    MetricsConfig,
    LimitConfig,
    AnswerConfig,
    PageConfig,
    CaptureConfig,
    MultiModelConfig {
  /** Whether SageMaker's batch transform asks: it joins answers to records line by line. */
  readonly batch: boolean
}

/** All settings, theme by theme. */
export const settings: readonly Setting<keyof Config>[] = [
  ...listeningSettings,
  ...accessSettings,
  ...metricsSettings,
  ...limitSettings,
  ...answerSettings,
  ...pageSettings,
  ...captureSettings,
  ...multiModelSettings,
]

/** Limits of batch transform, whose payloads are larger. */
const batchDefaults: Partial<Record<keyof Config, string>> = {
  maxBodyBytes: '104857600',
  defaultAccept: 'lines',
  // What a transform waits for, less what the answer needs to be sent.
  deadlineMs: '595000',
}

/** On SageMaker nobody can reach a page. */
const sageMakerDefaults: Partial<Record<keyof Config, string>> = { page: 'false' }

/**
 * Returns the settings: flags before environment variables before a file of flags before defaults.
 * @param flags values by the settings' keys, as the command line has them
 * @param file the same, as a file of flags has them
 * @throws InputError `invalid_parameter` naming the flag or variable
 */
export function loadConfig(
  env: Env,
  flags: Readonly<Partial<Record<keyof Config, string>>>,
  file: Readonly<Partial<Record<keyof Config, string>>> = {},
): Config {
  const isBatch = parseTruth(env.SAGEMAKER_BATCH ?? '', 'SAGEMAKER_BATCH')
  const isSageMaker = Object.keys(env).some((name) => name.startsWith('SAGEMAKER_'))
  const usuals = {
    ...(isSageMaker ? sageMakerDefaults : {}),
    ...(isBatch ? batchDefaults : {}),
    ...file,
  }
  const values = settings.map((setting) => {
    const flag = flags[setting.key]
    const variable = setting.env.find((name) => (env[name] ?? '') !== '')
    const usual = usuals[setting.key] ?? setting.default
    const text = flag ?? (variable === undefined ? usual : env[variable]!)
    const name = flag !== undefined ? setting.flag : (variable ?? setting.flag)
    return [setting.key, setting.parse(text, name)]
  })
  const config = { ...Object.fromEntries(values), batch: isBatch } as Config
  const explainSeconds =
    config.explainSeconds < 0 ? secondsWithin(config.deadlineMs) : config.explainSeconds
  return Object.freeze({ ...config, explainSeconds })
}

/** What is left of a deadline for one computation, in seconds. */
function secondsWithin(deadlineMs: number): number {
  return Math.max(deadlineMs / 2, deadlineMs - 5000) / 1000
}

/** Returns what is to be said of variables that look like settings and are none. */
export function strayVariables(env: Env): string[] {
  const known = settings.flatMap((setting) => setting.env)
  return Object.keys(env)
    .filter((name) => /^SHAPSERVE_/i.test(name) && !known.includes(name))
    .sort()
    .map((name) => `there is no setting ${quote(name)}${didYouMean(name, known)}`)
}
