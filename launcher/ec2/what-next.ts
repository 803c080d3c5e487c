const account = 'AWS does not let this account do it yet: open the AWS console, or write to AWS support.'
const keys = 'AWS does not take these keys: look at AWS_PROFILE, ~/.aws/config and AWS_ACCESS_KEY_ID.'
const expired = 'Log in anew (`aws sso login`, with --profile if you use one), or take new session keys.'
const denied =
  'Whoever calls may not do this. `trivet launch policy` prints all that is needed; an encoded message is read by `aws sts decode-authorization-message`.'
const vcpus =
  'Ask for more in the AWS console (Service Quotas, Amazon EC2, running instances), or stop machines that nobody needs.'
const elsewhere = 'Ids differ between regions and accounts: is it one of this region?'

const nextByCode: Record<string, string> = {
  InsufficientInstanceCapacity:
    'AWS has no room for this type in this zone now. Try again later, or make the node anew, in another zone.',
  VcpuLimitExceeded: vcpus,
  InstanceLimitExceeded: vcpus,
  MaxSpotInstanceCountExceeded: 'Ask for more in the AWS console (Service Quotas, spot), or take market: on-demand.',
  AddressLimitExceeded:
    'Ask for more in the AWS console (Service Quotas, Elastic IPs), or release some: `trivet launch gc` finds ours.',
  SecurityGroupLimitExceeded: '`trivet launch gc` finds security groups of ours that nobody uses.',
  RulesPerSecurityGroupLimitExceeded: 'Write fewer securityRules, or wider ones.',
  PendingVerification: account,
  OptInRequired: account,
  Blocked: account,
  UnauthorizedOperation: denied,
  AccessDenied: denied,
  AccessDeniedException: denied,
  AuthFailure: keys,
  SignatureDoesNotMatch: `${keys} Is the clock of this machine right?`,
  InvalidClientTokenId: keys,
  UnrecognizedClientException: keys,
  IncompleteSignature: keys,
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenProviderError: expired,
  RequestExpired: 'Is the clock of this machine right? Otherwise log in anew.',
  OperationNotPermitted: 'It is protected from being terminated: --force takes that back.',
  IdempotentParameterMismatch:
    'The same launch was asked for before with other parameters: has the cluster file or the image changed since? What that launch made, if anything, was not found.',
  ParameterNotFound: 'There is no such SSM parameter in this region.',
  ECONNREFUSED: 'Nobody answers there. Is AWS_ENDPOINT_URL set, and right?',
  ENOTFOUND: 'Is the region right, and does this machine reach the internet?',
  EAI_AGAIN: 'Names are not resolved on this machine: does it reach the internet?',
  ...Object.fromEntries(
    ['InvalidSubnetID', 'InvalidKeyPair', 'InvalidAMIID', 'InvalidSnapshot'].map((id) => [`${id}.NotFound`, elsewhere]),
  ),
}

/** What the user may do about it; undefined where AWS's own words must do. */
export function whatNext(code: string, words: string): string | undefined {
  if (/Region is missing/.test(words)) return 'Say region in the cluster file, or set AWS_REGION or one in the profile.'
  if (/SSO session|Token is expired|aws sso login/i.test(words)) return expired
  if (code === 'CredentialsProviderError')
    return 'Say who you are: AWS_PROFILE with ~/.aws/config, `aws sso login`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'
  return nextByCode[code]
}
