/** Training files as channels of a job: what is uploaded where, under names that keep their order. */
import { basename } from 'node:path'
import { InputError, quotePath } from '../../../errors.ts'
import type { CreateTrainingJobRequest } from './aws.ts'
import { below, isS3, readPrefix, type S3Place, s3Uri } from './names.ts'

type Channel = NonNullable<CreateTrainingJobRequest['InputDataConfig']>[number]

/** A channel, and what must be uploaded for it. */
export interface PlannedChannel {
  readonly channel: Channel
  readonly uploads: readonly { readonly file: string; readonly place: S3Place }[]
}

/**
 * Returns the channel of files of this machine, which are uploaded, or of one place in S3, which is read as it is. The
 * container reads files in the order of their names, `train` in that of its arguments: several are numbered.
 * @param place folder of the job
 * @throws InputError `invalid_option`, `invalid_file`
 */
export function planChannel(
  name: 'train' | 'validation',
  files: readonly string[],
  place: S3Place,
): PlannedChannel {
  const [first] = files
  if (first !== undefined && files.some(isS3)) {
    if (files.length > 1)
      throw new InputError(
        'invalid_option',
        `the channel ${name} takes one s3:// address, a file or a folder, or files of this machine, not both`,
      )
    return { channel: channelOf(name, readPrefix('FILE', first)), uploads: [] }
  }
  const folder = below(place, 'input', name)
  const digits = String(files.length - 1).length
  const uploads = files.map((file, at) => {
    const own = checkName(file)
    const numbered = files.length > 1 ? `${String(at).padStart(digits, '0')}-${own}` : own
    return { file, place: below(folder, numbered) }
  })
  return { channel: channelOf(name, `${s3Uri(folder)}/`), uploads }
}

/** The container leaves out what other tools hide, and reads formats by their endings. */
function checkName(file: string): string {
  const name = basename(file)
  if (file === '-')
    throw new InputError('invalid_file', 'standard input cannot be uploaded; name a file')
  if (!/^[._]/.test(name)) return name
  throw new InputError(
    'invalid_file',
    `${quotePath(file)} begins with ${name[0]}: a training job takes it for a hidden file; rename it`,
  )
}

function channelOf(name: string, uri: string): Channel {
  return {
    ChannelName: name,
    DataSource: {
      S3DataSource: {
        S3DataType: 'S3Prefix',
        S3Uri: uri,
        S3DataDistributionType: 'FullyReplicated',
      },
    },
    InputMode: 'File',
  }
}
