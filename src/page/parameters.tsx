/** The parameters of a model, each as it is given to another training. */
import { CopyButton } from './copy-button.tsx'

export function Parameters({ params }: { params: Readonly<Record<string, unknown>> }) {
  const all = JSON.stringify(params, null, 2)
  const entries = Object.entries(params)
  return (
    <details>
      <summary>Parameters</summary>
      {entries.length === 0 ? (
        <p class="quiet">It has none.</p>
      ) : (
        <>
          <table class="metrics params">
            <thead>
              <tr>
                <th scope="col">parameter</th>
                <th scope="col">value</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {entries.map(([name, value]) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{textOf(value)}</td>
                  <td>
                    <CopyButton
                      isSmall
                      label="Copy"
                      what={name}
                      text={() => `${name}=${textOf(value)}`}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <p class="buttons">
            <CopyButton text={() => all} label="Copy all as JSON" />
          </p>
        </>
      )}
    </details>
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
