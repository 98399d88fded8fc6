/** The executable: which command is meant, and how it ends when none is. */
import t from 'tap'
import { VERSION } from '../src/version.ts'
import { shapserveHere } from './command-here.ts'

t.test('every command that --help lists is found by its name', async (t) => {
  const { status, stdout } = await shapserveHere(['--help'])
  t.equal(status, 0)
  const names = [...stdout.matchAll(/^ {2}([a-z]+(?:-[a-z]+)*) (?:\[|<)/gm)].map(([, name]) => name)
  t.ok(names.includes('train') && names.includes('help'), 'some are listed', { names })
  for (const name of names as string[]) {
    if (name === 'help') continue
    const alone = await shapserveHere([name, '--help'])
    t.equal(alone.status, 0, name)
    t.match(alone.stdout, new RegExp(`^Usage: shapserve ${name} `))
    t.notMatch(
      alone.stdout,
      /default:? *\)|preset/,
      'no empty default, nothing of how flags are read',
    )
    const among = await shapserveHere(['help', name])
    t.equal(among.stdout, alone.stdout, 'the same when all are loaded')
  }
})

t.test('arguments that make no command', async (t) => {
  for (const [args, status, message] of [
    [['--version'], 0, new RegExp(`^${VERSION.replaceAll('.', '\\.')}\n$`)],
    [[], 2, /^Usage: shapserve/],
    [['trian'], 2, /^shapserve: unknown command 'trian'\n\(Did you mean train\?\)/],
    [['constructor'], 2, /unknown command 'constructor'/],
    [['train', '--targte', 'y'], 2, /unknown option '--targte'\n\(Did you mean --target\?\)/],
    [['train', '--zzz'], 2, /unknown option '--zzz'\n\(shapserve train --help shows its options\)/],
    [['sagemaker', 'train', '--zzz'], 2, /\(shapserve sagemaker train --help shows its options\)/],
    [['tune'], 2, /^shapserve: which file\? shapserve tune FILE/],
    [['predict'], 2, /missing required argument 'file'/],
    [['inspect', 'nowhere'], 1, /^shapserve: /],
  ] as const) {
    const done = await shapserveHere(args)
    t.equal(done.status, status, args.join(' '))
    t.match(done.stdout + done.stderr, message)
  }
})
