/** Who may ask, and whose models are served. */
import { parseTruth, type Setting } from './setting.ts'

export interface AccessConfig {
  /** File of the tokens that callers must have one of; empty = none is asked for. */
  readonly tokenFile: string
  readonly allowUnauthenticated: boolean
  /** PEM text or a file of the key that models must be signed for; empty = they need not be. */
  readonly publicKey: string
}

export const accessSettings: readonly Setting<keyof AccessConfig>[] = [
  {
    key: 'tokenFile',
    flag: '--token-file',
    env: ['AUTH_TOKEN_FILE'],
    default: '',
    description:
      'file of bearer tokens, one a line, of which callers must send one; read again every 30 s',
    parse: (text) => text,
  },
  {
    key: 'allowUnauthenticated',
    flag: '--allow-unauthenticated',
    env: ['ALLOW_UNAUTHENTICATED'],
    default: 'false',
    isSwitch: true,
    description:
      'whether an address that others can reach may be served without tokens, because something in front asks who calls',
    parse: parseTruth,
  },
  {
    key: 'publicKey',
    flag: '--public-key',
    env: ['MODEL_PUBLIC_KEY'],
    default: '',
    description: 'public Ed25519 key in PEM, or its file, for which every model must be signed',
    parse: (text) => text,
  },
]
