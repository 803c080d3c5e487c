/** Whether lists and objects are within each other more often than that. Does not recurse itself, whatever it is given. */
export function isDeeperThan(most: number, value: unknown) {
  let level = [value].filter(isNest)
  for (let depth = 0; depth < most && level.length > 0; depth++)
    level = level.flatMap((nest) => Object.values(nest).filter(isNest))
  return level.length > 0
}

function isNest(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
