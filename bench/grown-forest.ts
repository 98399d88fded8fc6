/** A model directory of any size: the model that ships with a grown forest in its place. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact } from '../src/artifact/artifact.ts'
import { encodeArtifact, withModelId } from '../src/artifact/encode.ts'
import { createRandom, type Random } from '../src/data/random.ts'
import { readModelDirectory, sha256 } from '../src/model-directory/read.ts'
import type { TreesSpec } from '../src/models/model.ts'
import { buildPredictor } from '../src/predictor/predictor.ts'
import { makeSelfTest } from '../src/predictor/self-test.ts'

/** Writes a forest of `trees` trees with `leaves` leaves altogether, over the columns of the model in `like`. */
export async function writeGrownForest(
  directory: string,
  like: string,
  { trees, leaves }: { trees: number; leaves: number },
): Promise<number> {
  const { artifact } = await readModelDirectory(like)
  const model = growForest(artifact, trees, Math.ceil(leaves / trees))
  const parts = { ...artifact, model }
  const grown = withModelId({ ...parts, selfTest: makeSelfTest(buildPredictor(parts)) }, sha256)
  await mkdir(directory, { recursive: true })
  let bytes = 0
  for (const [name, content] of encodeArtifact(grown, sha256)) {
    bytes += content.length
    await writeFile(join(directory, name), content)
  }
  return bytes
}

/** Every tree splits one of its leaves after another, at random, at a value of the background. */
function growForest({ background }: Artifact, trees: number, leaves: number): TreesSpec {
  const random = createRandom(1)
  const size = 2 * leaves - 1
  const nodes = trees * size
  const spec = {
    roots: Int32Array.from({ length: trees }, (_, tree) => tree * size),
    feature: new Int32Array(nodes).fill(-1),
    threshold: new Float64Array(nodes),
    left: new Int32Array(nodes).fill(-1),
    right: new Int32Array(nodes).fill(-1),
    missingLeft: new Uint8Array(nodes),
    cover: new Float64Array(nodes),
    value: new Float64Array(nodes * 2),
  }
  for (const root of spec.roots) growTree(spec, root, leaves, background, random)
  return {
    kind: 'trees',
    ...spec,
    outputs: 2,
    comparison: '<=',
    precision: 'float64',
    aggregation: 'mean',
    base: new Float64Array(2),
    link: 'identity',
    vote: 'soft',
  }
}

type Arrays = Required<
  Pick<TreesSpec, 'feature' | 'threshold' | 'left' | 'right' | 'missingLeft' | 'cover' | 'value'>
>

function growTree(
  { feature, threshold, left, right, missingLeft, cover, value }: Arrays,
  root: number,
  leaves: number,
  background: Artifact['background'],
  random: Random,
): void {
  const open = [root]
  for (let next = root + 1; open.length < leaves; next += 2) {
    const node = open.splice(random.below(open.length), 1)[0] as number
    const column = random.below(background.columns)
    const row = random.below(background.rows)
    feature[node] = column
    threshold[node] = background.data[row * background.columns + column] as number
    missingLeft[node] = random.below(2)
    left[node] = next
    right[node] = next + 1
    open.push(next, next + 1)
  }
  // Children have larger numbers than their parent.
  for (let node = root + 2 * leaves - 2; node >= root; node--) {
    if (feature[node] === -1) {
      const share = random.below(101) / 100
      cover[node] = 1 + random.below(9)
      value.set([1 - share, share], node * 2)
    } else {
      cover[node] =
        (cover[left[node] as number] as number) + (cover[right[node] as number] as number)
    }
  }
}
