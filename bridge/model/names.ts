/** `/shop/web` on 10080 → `shop_web_10080`, as the bridges before named it. No two apps share one: ids have no underscore. */
export function backendName(app: string, port: number) {
  return `${app.slice(1).replaceAll('/', '_')}_${port}`
}

/** `/shop/web` → `web.shop`: groups are zones. Undefined where DNS has no room for it. */
export function dnsName(app: string, zone: string): string | undefined {
  const labels = app.slice(1).split('/').toReversed().map(dnsLabel)
  const name = [...labels, zone].join('.')
  return labels.every(({ length }) => length <= 63) && name.length <= 253 ? name : undefined
}

/** A dot within a segment would make a zone of its own of it. */
function dnsLabel(segment: string) {
  return segment.replaceAll('.', '-')
}

/** The name of a service of Consul: letters, digits and dashes, so that its DNS knows it too. */
export function serviceName(app: string, index: number) {
  const name = app.slice(1).replaceAll(/[/.]/g, '-')
  return index === 0 ? name : `${name}-${index}`
}
