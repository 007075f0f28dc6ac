// Runs a suite of http-cache-tests against a cache and tells what came of each test, a line each:
//   node run.mjs FOLDER URL [ID...]
// group, id, kind, result (pass, fail, setup, other), tests that it depends on, in words why.
// Knows the layout of version 0.4.5 and that of the suite as it is developed.
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [folder, base, ...only] = process.argv.slice(2)
const newer = existsSync(`${folder}/test-engine`)
const load = path => import(pathToFileURL(`${folder}/${path}`).href)
const { runTests, getResults } = await load(`${newer ? 'test-engine/' : ''}client/runner.mjs`)
const suites = (await load('tests/index.mjs')).default
const wanted = suites.map(suite => ({
  ...suite,
  tests: suite.tests.filter(test => !test.browser_only && (!only.length || only.includes(test.id)))
}))
if (newer) {
  await runTests(wanted, false, base)
} else {
  const fetch = (await load('../node-fetch/lib/index.mjs')).default
  await runTests(wanted, fetch, false, base)
}
const results = getResults()
const word = result => result === true ? 'pass'
  : result?.[0] === 'Assertion' ? 'fail' : result?.[0] === 'Setup' ? 'setup' : 'other'
for (const suite of wanted) {
  for (const test of suite.tests) {
    const result = results[test.id]
    console.log([suite.id, test.id, test.kind ?? 'required', word(result),
      (test.depends_on ?? []).join(' '), result === true ? '' : String(result?.[1])].join('\t'))
  }
}
