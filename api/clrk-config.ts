/** CLRKConfig: settings of the installation, one object named `default` in the namespace of the platform. */
import { Type, type Static } from 'typebox';
import { duration, flag, integer, record, text } from './field.ts';
import { columns, conditions, statusOf, type KindDefinition, type Resource } from './resource.ts';

function moment(description: string) {
  return Type.String({ description, format: 'date-time', maxLength: 64 });
}

const spec = record('spec is the settings as they should be.', {
  notifications: Type.Optional(
    record('notifications are how operators of the installation are told; unset means the defaults.', {
      email: Type.Optional(
        text('email is whom to tell; unset means nobody.', {
          max: 254,
          rules: [
            {
              rule: "self.matches('^[^@\\\\s]+@[^@\\\\s]+$')",
              message: 'notifications.email must be an address such as ops@example.com',
            },
          ],
        }),
      ),
      signedUpAt: Type.Optional(moment('signedUpAt is when email was given.')),
      advisoryPollEnabled: Type.Optional(
        flag('advisoryPollEnabled looks for security advisories; unset means true.', { default: true }),
      ),
      eventRetention: Type.Optional(
        duration(
          'eventRetention is how long notifications are kept; unset means the default.',
          'eventRetention',
        ),
      ),
    }),
  ),
});

const status = statusOf({
  notifications: Type.Optional(
    record('notifications say how notifying stands.', {
      conditions: Type.Optional(conditions()),
      deploymentID: Type.Optional(text('deploymentID names this installation.')),
      registeredEmail: Type.Optional(text('registeredEmail is whom is told.', { max: 254 })),
      advisoryPollIntervalSeconds: Type.Optional(
        integer('advisoryPollIntervalSeconds is how often advisories are looked for.'),
      ),
      registrationTokenSecretRef: Type.Optional(
        record('registrationTokenSecretRef is the Secret with the token of the registration.', {
          name: text('name is the Secret.'),
          namespace: Type.Optional(text('namespace is its namespace.', { max: 63 })),
        }),
      ),
      registeredAt: Type.Optional(moment('registeredAt is when the installation was registered.')),
      lastAdvisorySync: Type.Optional(moment('lastAdvisorySync is when advisories were last read.')),
      lastReportAt: Type.Optional(moment('lastReportAt is when a report was last sent.')),
      reportsDropped: Type.Optional(
        integer('reportsDropped is how many reports could not be sent.', {
          format: 'int64',
          max: Number.MAX_SAFE_INTEGER,
        }),
      ),
      observedGeneration: Type.Optional(
        integer('observedGeneration is the metadata.generation this describes.', {
          format: 'int64',
          max: Number.MAX_SAFE_INTEGER,
        }),
      ),
    }),
  ),
});

export type CLRKConfigSpec = Static<typeof spec>;
export type CLRKConfigStatus = Static<typeof status>;
export type CLRKConfig = Resource<CLRKConfigSpec, CLRKConfigStatus>;

export const clrkConfig: KindDefinition = {
  kind: 'CLRKConfig',
  plural: 'clrkconfigs',
  shortName: 'cc',
  description: 'CLRKConfig holds the settings of the installation; the one named default is used.',
  spec,
  status,
  columns: columns([], [{ name: 'Email', type: 'string', jsonPath: '.spec.notifications.email' }]),
};
