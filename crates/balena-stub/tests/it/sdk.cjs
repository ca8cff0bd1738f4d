// What somebody does with balena's own SDK; says what it saw as JSON on standard output.
// Arguments: the folder of balena-sdk, the API, the token, a release to pin to, a device.
const [sdkFolder, apiUrl, token, release, uuid] = process.argv.slice(2);
const { getSdk } = require(sdkFolder);

async function main() {
  const seen = {};
  const sdk = getSdk({ apiUrl: `${apiUrl}/`, dataDirectory: false, isBrowser: false });
  const { application, device, release: releases } = sdk.models;

  await sdk.auth.loginWithToken('not-the-token').catch(() => undefined);
  seen.wrongTokenIsLoggedIn = await sdk.auth.isLoggedIn();
  await sdk.auth.loginWithToken(token);
  seen.isLoggedIn = await sdk.auth.isLoggedIn();
  seen.whoami = (await sdk.auth.whoami()).username;

  seen.fleets = (await application.getAll({ $select: ['slug'] })).map((fleet) => fleet.slug);
  const fleet = await application.get('admin/fleet');
  seen.missing = await application.get('admin/nope').catch((error) => error.code);
  seen.tracks = await application.isTrackingLatestRelease('admin/fleet');
  const options = { $select: ['uuid', 'overall_status'], $orderby: { id: 'asc' } };
  seen.devices = (await device.getAllByApplication('admin/fleet', options)).map((one) => one.overall_status);
  seen.releases = (await releases.getAllByApplication('admin/fleet', { $select: ['raw_version'] }))
    .map((one) => one.raw_version);

  await device.pinToRelease(uuid, Number(release));
  const pinned = await device.get(uuid, { $expand: { should_be_running__release: { $select: 'id' } } });
  seen.pinned = pinned.should_be_running__release[0].id;
  seen.deviceTracks = await device.isTrackingApplicationRelease(uuid);
  seen.pinToMissing = await device.pinToRelease(uuid, 999999).then(() => 'done', (error) => error.code);
  const { commit } = await releases.get(Number(release), { $select: 'commit' });
  seen.pinnedByHash = await device.pinToRelease(uuid, commit).then(() => true);

  await releases.tags.set(Number(release), 'balena-ci-commit-sha', 'one');
  await releases.tags.set(Number(release), 'balena-ci-commit-sha', 'two');
  seen.tags = (await releases.tags.getAllByRelease(Number(release))).map((tag) => tag.value);
  await device.tags.set(uuid, 'ring', 'canary');
  seen.deviceTags = (await device.tags.getAllByApplication('admin/fleet', { $select: ['tag_key', 'value'] }))
    .map((tag) => `${tag.tag_key}=${tag.value}`);
  await device.tags.remove(uuid, 'ring');

  await releases.finalize(Number(release));
  seen.finalized = (await application.getTargetReleaseHash('admin/fleet')) === commit;
  await device.trackApplicationRelease(uuid);
  await releases.setIsInvalidated(Number(release), true);
  const [good] = await releases.getAllByApplication(fleet.id, {
    $select: ['commit'],
    $filter: { is_invalidated: false },
    $top: 1,
    $orderby: { created_at: 'asc' },
  });
  await application.pinToRelease('admin/fleet', good.commit);
  seen.fleetTracks = await application.isTrackingLatestRelease(fleet.id);
  console.log(JSON.stringify(seen));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
