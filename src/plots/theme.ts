/** The colours of plots on light and on dark paper: classes of a style sheet, so that one drawing can have both. */

export const themes = ['auto', 'light', 'dark'] as const

/** `auto` follows the reader's light or dark scheme. */
export type Theme = (typeof themes)[number]

/** Steps of the colour scale from low to high values. */
export const STEPS = 12
/** Colours of classes and categories; more of them begin again. */
export const KINDS = 10

interface Palette {
  readonly paper: string
  readonly text: string
  readonly soft: string
  readonly line: string
  readonly grid: string
  /** Text on a coloured bar. */
  readonly inside: string
  readonly up: string
  readonly down: string
  readonly neutral: string
  /** From low over middling to high values. */
  readonly scale: readonly [string, string, string]
  readonly kinds: readonly string[]
}

/**
 * Blue and vermilion of Okabe and Ito, which colour-blind people can tell apart, darker on light paper and lighter on
 * dark paper, so that text on them and beside them is legible; the sign is always printed as well.
 */
const light: Palette = {
  paper: '#ffffff',
  text: '#1f2328',
  soft: '#5c636b',
  line: '#8b9199',
  grid: '#e7e9ec',
  inside: '#ffffff',
  up: '#c44a00',
  down: '#0072b2',
  neutral: '#767c84',
  scale: ['#0072b2', '#b9a3c4', '#d55e00'],
  kinds: [
    '#0072b2',
    '#d55e00',
    '#009e73',
    '#cc79a7',
    '#e69f00',
    '#56b4e9',
    '#5d4ba3',
    '#8c6d31',
    '#555b61',
    '#a6bf3f',
  ],
}

const dark: Palette = {
  paper: '#15181c',
  text: '#e9ebee',
  soft: '#a7aeb6',
  line: '#7b828a',
  grid: '#2b3036',
  inside: '#15181c',
  up: '#f28a45',
  down: '#58b4ea',
  neutral: '#9aa1a9',
  scale: ['#45a8e6', '#a893b8', '#f47c26'],
  kinds: [
    '#58b4ea',
    '#f28a45',
    '#2fc79b',
    '#e39bc4',
    '#f0c04a',
    '#9bd3f5',
    '#a99be6',
    '#c9a869',
    '#b5bbc2',
    '#c5da6a',
  ],
}

/** Classes of what is drawn as a line in the colour of another class. */
const strokes = ['curve', 'thin', 'dots'] as const

/** Returns the style sheet of a drawing. @param used the classes that it has, the others are left out */
export function styleOf(theme: Theme, used: ReadonlySet<string>): string {
  const shape =
    '.plot{font-family:system-ui,"DejaVu Sans",sans-serif;font-size:13px}' +
    '.plot path.line,.plot .grid,.plot .dash,.plot .lead,.plot .dots,.plot .curve,.plot .thin{fill:none}' +
    '.plot .dash{stroke-dasharray:4 3}.plot .dots{stroke-linecap:round}' +
    '.plot .curve{stroke-width:2;stroke-linejoin:round}.plot .thin{stroke-width:1.2;stroke-linejoin:round}'
  if (theme === 'light') return shape + coloursOf(light, used)
  if (theme === 'dark') return shape + coloursOf(dark, used)
  return `${shape}${coloursOf(light, used)}@media(prefers-color-scheme:dark){${coloursOf(dark, used)}}`
}

function coloursOf(palette: Palette, used: ReadonlySet<string>): string {
  const { paper, text, soft, line, grid, inside, up, down, neutral, scale, kinds } = palette
  const colours: readonly (readonly [string, string])[] = [
    ['up', up],
    ['down', down],
    ['neutral', neutral],
    ...Array.from({ length: STEPS }, (_, i) => [`v${i}`, mix(scale, i / (STEPS - 1))] as const),
    ...kinds.map((colour, i) => [`k${i}`, colour] as const),
  ]
  return [
    `.plot .paper{fill:${paper}}.plot text{fill:${text}}.plot .soft{fill:${soft}}.plot .inside{fill:${inside}}`,
    `.plot .line,.plot .dash{stroke:${line}}.plot .lead{stroke:${line};stroke-width:.7}.plot .grid{stroke:${grid}}`,
    `.plot .edge{stroke:${paper}}.plot .halo{stroke:${paper};stroke-width:3;stroke-linejoin:round;paint-order:stroke}`,
    ...colours.flatMap(([name, colour]) =>
      used.has(name)
        ? [
            `.plot .${name}{fill:${colour}}`,
            ...strokes
              .filter((stroke) => used.has(stroke))
              .map((stroke) => `.plot .${name}.${stroke}{stroke:${colour};fill:none}`),
          ]
        : [],
    ),
  ].join('')
}

/** Returns the colour at a share of the way from the first over the second to the third. */
function mix([low, middle, high]: Palette['scale'], share: number): string {
  const [from, to] = share < 0.5 ? [low, middle] : [middle, high]
  const at = share < 0.5 ? share * 2 : share * 2 - 1
  const channel = (colour: string, i: number) =>
    Number.parseInt(colour.slice(1 + 2 * i, 3 + 2 * i), 16)
  return `#${[0, 1, 2]
    .map((i) => Math.round(channel(from, i) + at * (channel(to, i) - channel(from, i))))
    .map((value) => value.toString(16).padStart(2, '0'))
    .join('')}`
}
