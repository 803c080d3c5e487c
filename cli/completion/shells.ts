import type { Table } from './table.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The script that teaches a shell what may come next. All three walk the words alike; names alone they ask the program for. */
export function completionScript(shell: Shell, program: string, table: Table) {
  const name = `_${program.replaceAll(/[^a-z]/g, '_')}`
  return { bash, zsh, fish }[shell](program, name, table)
}

/** `compgen -W` runs what words have in `$()`: good for our own words, and not for names, which a server tells. */
function bash(program: string, name: string, table: Table) {
  return `# Completions of ${program} for bash. Into ~/.bashrc: source <(${program} completion bash)
${shFunction(name, table)}
${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} verb= flag= ended= context= at=0 i one name lines IFS=$'\\n'
  for ((i = 1; i < COMP_CWORD; i++)); do
    one=\${COMP_WORDS[i]}
    if [[ $one == '=' ]]; then continue; fi
${shWalk(name)}
  done
  if [[ $word == '=' ]]; then word=; fi
  COMPREPLY=()
  ${name}_next "$word"
  for one in $lines; do
    case $one in
      @files) COMPREPLY+=($(compgen -f -- "$word")); compopt -o filenames 2>/dev/null ;;
      @folders) COMPREPLY+=($(compgen -d -- "$word")); compopt -o filenames 2>/dev/null ;;
      @*) while read -r name; do
          if [[ $name == "$word"* ]]; then printf -v name %q "$name"; COMPREPLY+=("$name"); fi
        done < <("\${COMP_WORDS[0]}" names "\${one#@}" \${context:+--context=$context} 2>/dev/null) ;;
      *) COMPREPLY+=($(compgen -W "\${one%%$'\\t'*}" -- "$word")) ;;
    esac
  done
}
complete -F ${name} ${program}
`
}

function zsh(program: string, name: string, table: Table) {
  return `#compdef ${program}
# Completions of ${program} for zsh. Into ~/.zshrc, below compinit: source <(${program} completion zsh)
${shFunction(name, table)}
${name}() {
  emulate -L zsh
  local word=$words[CURRENT] verb= flag= ended= context= at=0 i one lines
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    one=$words[i]
${shWalk(name)}
  done
  if [[ -z $flag && -z $ended && $word == --*=* ]]; then
    flag=\${word%%=*}
    compset -P '*='
  fi
  ${name}_next "$word"
  for one in \${(f)lines}; do
    case $one in
      @files) _files ;;
      @folders) _files -/ ;;
      @*) found+=(\${(f)"$($words[1] names \${one#@} \${context:+--context=$context} 2>/dev/null)"}) ;;
      *) found+=("\${\${\${one%%$'\\t'*}//:/\\\\:}}\${\${(M)one%$'\\t'*}/$'\\t'/:}") ;;
    esac
  done
  if (( $#found )); then _describe ${program} found; fi
}
compdef ${name} ${program}
`
}

/** The words before the one at hand, one by one, in what bash and zsh both understand: which verb, which flag waits for a value, which operand is next. */
function shWalk(name: string) {
  return `    if [[ -n $flag ]]; then
      if [[ $flag == --context ]]; then context=$one; fi
      flag=
    elif [[ -z $ended && $one == -- ]]; then
      ended=1
    elif [[ -z $ended && $one == -* ]]; then
      if ${name}_knows "take:$verb $one" || ${name}_knows "take: $one"; then flag=$one; fi
    elif [[ $at == 0 ]] && ${name}_knows "verb:\${verb:+$verb }$one"; then
      verb="\${verb:+$verb }$one"
    else
      at=$((at + 1))
    fi`
}

function shFunction(name: string, table: Table) {
  const cases = Object.entries(table).map(([key, lines]) => `    ${quoted(key)}) known=${quoted(lines.join('\n'))} ;;`)
  return `${name}_knows() {
  case $1 in
${cases.join('\n')}
    *) known=; return 1 ;;
  esac
}
${name}_next() {
  local known=
  lines=
  if [[ -n $flag ]]; then
    ${name}_knows "take:$verb $flag" || ${name}_knows "take: $flag"
    lines=$known
  elif [[ -z $ended && $1 == -* ]]; then
    ${name}_knows "flag:$verb"
    lines=$known
  else
    if [[ $at == 0 && -z $ended ]]; then ${name}_knows "next:$verb"; lines=$known; fi
    ${name}_knows "take:$verb $((at + 1))" || ${name}_knows "take:$verb more"
    lines="\${lines:+$lines
}$known"
  fi
}`
}

function fish(program: string, name: string, table: Table) {
  const cases = Object.entries(table).map(
    ([key, lines]) =>
      `        case ${fishQuoted(key)}\n            ${lines.length > 0 ? `printf '%s\\n' ${lines.map(fishQuoted).join(' ')}` : 'true'}`,
  )
  return `# Completions of ${program} for fish. To keep: ${program} completion fish > ~/.config/fish/completions/${program}.fish
function ${name}_knows
    switch "$argv[1]"
${cases.join('\n')}
        case '*'
            return 1
    end
end
${fishOffer(name)}
${fishWalk(name)}
complete -c ${program} -f -a '(${name})'
`
}

function fishWalk(name: string) {
  return `function ${name}
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l verb ''
    set -l flag ''
    set -l ended ''
    set -l context
    set -l at 0
    for one in $words[2..]
        if test -n "$flag"
            test "$flag" = --context; and set context --context=$one
            set flag ''
        else if test -z "$ended" -a "$one" = --
            set ended 1
        else if test -z "$ended"; and string match -q -- '-*' $one
            if ${name}_knows "take:$verb $one" >/dev/null; or ${name}_knows "take: $one" >/dev/null
                set flag $one
            end
        else if test $at = 0; and ${name}_knows "verb:"(string trim -- "$verb $one") >/dev/null
            set verb (string trim -- "$verb $one")
        else
            set at (math $at + 1)
        end
    end
    set -l lines
    if test -n "$flag"
        set lines (${name}_knows "take:$verb $flag"; or ${name}_knows "take: $flag")
    else if test -z "$ended"; and string match -q -- '-*' $word
        set lines (${name}_knows "flag:$verb")
    else
        test $at = 0 -a -z "$ended"; and set lines (${name}_knows "next:$verb")
        set -a lines (${name}_knows "take:$verb "(math $at + 1); or ${name}_knows "take:$verb more")
    end
    for one in $lines
        ${name}_offer $one "$word" $words[1] $context
    end
end`
}

function fishOffer(name: string) {
  return `function ${name}_offer -a one word program context
    switch $one
        case @files
            __fish_complete_path $word
        case @folders
            __fish_complete_directories $word
        case '@*'
            $program names (string sub -s 2 -- $one) $context 2>/dev/null
        case '*'
            echo $one
    end
end`
}

function quoted(text: string) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function fishQuoted(text: string) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`
}
