package io.fairlead.dns;

import io.fairlead.config.DnsZoneConfig;

/** What a zone's configuration says beside its records. */
record ZoneSettings(String name, DnsZoneConfig.Transfer transfer) {}
