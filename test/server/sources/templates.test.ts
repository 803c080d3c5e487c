import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileTemplates } from '../../../server/sources/templates.ts'

function templatesOf(files: Record<string, string>) {
  const errors: string[] = []
  const bytes = new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]))
  const templates = compileTemplates('recipes/web', bytes, errors)
  assert.deepEqual(errors, [])
  return templates
}

function errorOf(files: Record<string, string>, variables: Record<string, unknown>) {
  try {
    templatesOf(files).render('a.njk', variables)
  } catch (error) {
    return error instanceof Error ? error.message : error
  }
  return undefined
}

test('templates include and extend others of their recipe, and escape nothing', () => {
  const templates = templatesOf({
    'a.njk': '{% extends "base.njk" %}{% block body %}{% include "parts/b.njk" %}{% endblock %}',
    'base.njk': '<{% block body %}{% endblock %}>\n',
    'parts/b.njk': '{% for x in xs %}\n{{ loop.index }}={{ x }}\n{% endfor %}\n',
  })
  assert.equal(templates.render('a.njk', { xs: ['"a"', '&'] }), '<1="a"\n2=&\n>\n')
})

test('tags on lines of their own leave no lines behind', () => {
  assert.equal(
    templatesOf({ 'a.njk': 'a\n  {% if yes %}\nb\n  {% endif %}\nc\n' }).render('a.njk', { yes: true }),
    'a\nb\nc\n',
  )
})

test('set, macros, loops, tests and globals of nunjucks work', () => {
  const text = `{% macro pair(k, v=1) %}{{ k }}:{{ v }}{% endmacro %}{% set n = 2 %}{% for i in range(n) %}{{ pair(i) }};{% else %}none{% endfor %}{% if none is not none %}x{% endif %}`
  assert.equal(templatesOf({ 'a.njk': text }).render('a.njk', {}), '0:1;1:1;')
})

test('an undefined variable is an error with its line, wherever it stands', () => {
  assert.equal(errorOf({ 'a.njk': 'one\n{{ name }}\n' }, {}), 'recipes/web/a.njk:2: name is undefined')
  assert.equal(
    errorOf({ 'a.njk': 'one\ntwo\n{% if typo %}x{% endif %}' }, {}),
    'recipes/web/a.njk:3: typo is undefined',
  )
  assert.equal(errorOf({ 'a.njk': '\n{% for x in many %}{% endfor %}' }, {}), 'recipes/web/a.njk:2: many is undefined')
  assert.equal(errorOf({ 'a.njk': '\n{{ name | upper }}' }, {}), 'recipes/web/a.njk:2: name is undefined')
})

test('an undefined member is told as it is written', () => {
  assert.equal(
    errorOf({ 'a.njk': 'a\n {{ a }}{{ node.adress }}' }, { a: 1, node: {} }),
    'recipes/web/a.njk:2: {{ node.adress }} is undefined or null',
  )
})

test('an error in an included template is told with that template', () => {
  const files = { 'a.njk': '\n\n{% include "b.njk" %}', 'b.njk': 'b\n{{ gone }}' }
  assert.equal(errorOf(files, {}), 'recipes/web/b.njk:2: gone is undefined')
})

test('an include of what is not there, and a function that is none, are told with their template', () => {
  assert.match(
    String(errorOf({ 'a.njk': '{% include "c.njk" %}' }, {})),
    /^recipes\/web\/a\.njk:\d+: there is no template c\.njk in this recipe$/,
  )
  assert.match(
    String(errorOf({ 'a.njk': '\n{{ f() }}' }, { f: 1 })),
    /^recipes\/web\/a\.njk:2: Unable to call `f`, which is not a function$/,
  )
})

test('null may be tested for, but not printed', () => {
  assert.equal(templatesOf({ 'a.njk': '{% if limit %}x{% endif %}' }).render('a.njk', { limit: null }), '')
  assert.match(String(errorOf({ 'a.njk': '{{ limit }}' }, { limit: null })), /is undefined or null$/)
})
