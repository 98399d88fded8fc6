/** A link to something else that the server answers. */
import { useState } from 'preact/hooks'
import { base, fetchFile } from './client.ts'

interface Props {
  /** Relative to the page. */
  readonly path: string
  readonly token: string
  readonly label: string
  /** Name of the file. */
  readonly saveAs?: string
}

/**
 * A link where nobody has to say who asks. Where a token is needed, which a link cannot send and which belongs into no
 * address, the page fetches it and saves it as a file: opened here, it would be held to the page's own policy.
 */
export function OwnLink({ path, token, label, saveAs = path }: Props) {
  const [state, setState] = useState<'idle' | 'waiting' | 'failed'>('idle')
  if (token === '') return <a href={new URL(path, base).href}>{label}</a>
  const save = () => {
    setState('waiting')
    fetchFile(path, token)
      .then((file) => {
        saveFile(file, saveAs)
        setState('idle')
      })
      .catch(() => setState('failed'))
  }
  return (
    <button
      type="button"
      class="link"
      title={`Save ${saveAs}`}
      disabled={state === 'waiting'}
      onClick={save}
    >
      <span aria-live="polite">
        {label}
        {state === 'waiting' ? ' …' : state === 'failed' ? ' (no answer)' : ''}
      </span>
    </button>
  )
}

function saveFile(file: Blob, name: string): void {
  const address = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // Once the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
