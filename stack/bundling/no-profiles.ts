/**
 * A function has no files of profiles, and each client looks for them before its
 * first call. The bundles have this in the place of the SDK's reader.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
export const loadSharedConfigFiles = async () => ({
  configFile: {},
  credentialsFile: {},
});

/** As in the SDK, whose other files import it from there. */
export const CONFIG_PREFIX_SEPARATOR = '.';
