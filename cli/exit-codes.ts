/** What the program says by its exit code, as help, manual and reference tell it. */
export const exitCodes = '0 when it is done, 1 when it failed, 2 when it was wrongly asked'
export const detailedExitCodes =
  '0 nothing to change, 2 changed, 4 failed, 6 both, and 1 when nothing was tried, as when it was wrongly asked'
