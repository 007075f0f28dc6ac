package io.fairlead.dns;

import io.fairlead.telemetry.LoopCounters;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A zone as it is answered from. Never changed once built, but for its serial number. */
final class ZoneData {
  final byte[] name;
  final ZoneSettings settings;
  final LoopCounters<ZoneCounter> counters;

  /** Every name of the zone, in the order of its file. */
  List<Owner> owners = List.of();

  /** Those whose addresses are chosen for each answer. */
  List<Owner> chosen = List.of();

  private @Nullable Owner apex;

  /** The SOA as it is sent; its serial number rises when a balanced name changes. */
  private volatile byte[] soa = {};

  /** The same with the time for which "there is no such thing" may be kept (RFC 2308, 5). */
  private volatile byte[] negative = {};

  ZoneData(byte[] name, ZoneSettings settings, LoopCounters<ZoneCounter> counters) {
    this.name = name;
    this.settings = settings;
    this.counters = counters;
  }

  Owner apex() {
    Owner present = apex;
    if (present == null) {
      throw new IllegalStateException("not built");
    }
    return present;
  }

  void setApex(Owner owner) {
    apex = owner;
  }

  byte[] soa() {
    return soa;
  }

  byte[] negative() {
    return negative;
  }

  void setSoa(byte[] record) {
    byte[] shorter = record.clone();
    int minimum = number(record, record.length - 4);
    int ttl = number(record, 4);
    int kept = Math.min(minimum, ttl);
    for (int i = 0; i < 4; i++) {
      shorter[4 + i] = (byte) (kept >> (24 - 8 * i));
    }
    soa = record;
    negative = shorter;
  }

  /** The serial number of its file. */
  private int fileSerial;

  /** Takes the SOA of its file. */
  void setFileSoa(byte[] record) {
    setSoa(record);
    fileSerial = serial();
  }

  int fileSerial() {
    return fileSerial;
  }

  int serial() {
    return number(soa, soa.length - 20);
  }

  void setSerial(int serial) {
    byte[] record = soa.clone();
    for (int i = 0; i < 4; i++) {
      record[record.length - 20 + i] = (byte) (serial >> (24 - 8 * i));
    }
    setSoa(record);
  }

  private static int number(byte[] in, int at) {
    return (in[at] & 0xFF) << 24
        | (in[at + 1] & 0xFF) << 16
        | (in[at + 2] & 0xFF) << 8
        | (in[at + 3] & 0xFF);
  }

  @Override
  public String toString() {
    return Names.text(name);
  }
}
