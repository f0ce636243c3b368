/** A CLRKConfig's status, pure: with what concerns the installation as a whole.  This version contacts nobody, so notifications are stored and never registered. */
import { notEnforced } from '../../contract/index.ts';
import type { CLRKConfig } from '../kind.ts';
import { previousConditions } from '../pending.ts';
import { recordRoomFinding, type RecordRoom } from '../record-room.ts';
import { setConditions, summaryFindings, type Finding } from '../runtime/index.ts';

const singleton = 'default';

/** Of the one that counts. */
export function clrkConfigKey(systemNamespace: string): string {
  return `${systemNamespace}/${singleton}`;
}

export interface Installation {
  readonly systemNamespace: string;
  readonly now: number;
  readonly recordRoom: RecordRoom | undefined;
}

export function clrkConfigStatus(
  config: CLRKConfig,
  { systemNamespace, now, recordRoom }: Installation,
): object {
  const { metadata } = config;
  const generation = metadata.generation ?? 0;
  const context = { previous: previousConditions(config), generation, now };
  const observedGeneration = generation;
  if (metadata.name !== singleton || metadata.namespace !== systemNamespace) {
    const reason = 'NotTheSingleton';
    const message = `only CLRKConfig ${singleton} in namespace ${systemNamespace} is used; move the settings there`;
    const accepted: Finding = { type: 'Accepted', status: 'False', reason, message };
    const findings = [accepted, ...summaryFindings({ state: 'stalled', reason, message })];
    return { observedGeneration, conditions: setConditions(findings, context) };
  }
  const accepted: Finding = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' };
  const summary = summaryFindings({ state: 'ready', reason: 'Accepted', message: 'these settings are used' });
  const previous = config.status?.notifications?.conditions ?? [];
  return {
    observedGeneration,
    conditions: setConditions([accepted, recordRoomFinding(recordRoom), ...summary], context),
    notifications: {
      observedGeneration,
      conditions: setConditions([registered], { previous, generation, now }),
    },
  };
}

const registered: Finding = {
  type: 'Registered',
  status: 'False',
  reason: 'PhoneHomeDisabled',
  message: notEnforced.Notifications.message,
};
