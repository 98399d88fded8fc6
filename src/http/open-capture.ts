/** Opens the capture that the settings ask for; loaded where there is one. */
import { randomInt } from 'node:crypto'
import { type Capture, createCapture } from '../answering/capture/capture.ts'
import { openCaptureFiles } from '../answering/capture/capture-files.ts'
import { readMask } from '../answering/capture/mask.ts'
import type { Config } from '../config.ts'
import { InputError } from '../errors.ts'
import type { Predictor } from '../predictor/predictor.ts'
import type { Logger } from './logger.ts'

/**
 * Returns the capture into a directory of the settings.
 * @param predictor of the one model; absent on a multi-model endpoint
 * @throws InputError `invalid_parameter` for a directory that cannot be written, or a masked column that there is not
 */
export async function openCapture(
  config: Config,
  predictor: Predictor | undefined,
  log: Logger,
): Promise<Capture> {
  const { captureFileBytes: fileBytes, captureBytes: totalBytes } = config
  if (totalBytes < 2 * fileBytes)
    throw new InputError(
      'invalid_parameter',
      `--capture-bytes is ${totalBytes}, expected at least two files of ${fileBytes} bytes`,
    )
  const mask = readMask(config.captureMask, predictor)
  const files = await openCaptureFiles({
    directory: config.capture,
    fileBytes,
    fileSeconds: config.captureFileSeconds,
    totalBytes,
  })
  log.info({ capture: config.capture, sample: config.captureSample, masked: mask }, 'capturing')
  return createCapture({
    files,
    mask,
    sample: config.captureSample,
    seed: config.captureSeed < 0 ? randomInt(2 ** 32) : config.captureSeed,
    queueBytes: config.captureQueueBytes,
    warn: (facts) => log.warn(facts, 'requests are not captured'),
  })
}
