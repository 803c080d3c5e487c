# Managed by Trivet, recipe zookeeper: refuses a zoo.cfg of which a majority could decide without knowing what a majority of the old one has
# decided. Who leaves has stopped by then, so all that the old one can still decide is with those that stay.
function servers(path, found,    line) {
  while ((getline line < path) > 0) if (match(line, /^server\.[0-9]+=/)) found[substr(line, 8, RLENGTH - 8)]
}
function count(of,    one, n) {
  for (one in of) n++
  return n + 0
}
BEGIN {
  servers(current, old)
  servers(ARGV[1], new)
  before = count(old)
  after = count(new)
  for (id in old) if (id in new) stay++
  if (before == 0 || after == 0) exit 0
  majority = int(before / 2) + 1
  needed = int(after / 2) + 1 - (after - stay)
  if (stay >= majority && needed + majority > stay) exit 0
  printf "%d of the %d servers stay and %d come: then two majorities could decide apart. Change zookeeper.ensembleSize by one, let it roll, and go on from there\n", stay, before, after - stay > "/dev/stderr"
  exit 1
}
