/** Names that may go on in the next line where they are joined: behind an underscore, a dot or a stroke. */
import type { ComponentChildren } from 'preact'

/** Returns a name with its places to break; its text stays what it is. */
export function breakable(name: string): ComponentChildren {
  return name.split(/(?<=[_./-])(?=\w)/).map((part, i) =>
    i === 0 ? (
      part
    ) : (
      <>
        <wbr />
        {part}
      </>
    ),
  )
}
