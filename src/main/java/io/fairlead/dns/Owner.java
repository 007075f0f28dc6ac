package io.fairlead.dns;

import org.jspecify.annotations.Nullable;

/**
 * A name of a zone with what there is at it. Names between a record's and the zone's are names,
 * too, without records. Never changed once the zone is built.
 */
final class Owner {
  private static final RecordSet[] NOTHING = {};

  /** In lower case. */
  final byte[] name;

  final int hash;
  final int labels;
  final ZoneData zone;
  RecordSet[] sets = NOTHING;

  /** What is chosen for each answer; null: nothing. */
  @Nullable Balanced balanced;

  /** What has the name {@code *} right below; null: nothing. */
  @Nullable Owner wildcard;

  /** Where the zone ends at this name or above: what lies below is somebody else's. */
  @Nullable Owner cut;

  /** Of a cut: addresses of its servers that are below it, and so are known from here only. */
  Glue[] glue = {};

  /** An address of a server of a delegation. */
  record Glue(Owner owner, RecordSet set) {}

  Owner(byte[] name, ZoneData zone) {
    this.name = name;
    this.hash = Names.hash(name);
    this.labels = Names.labels(name);
    this.zone = zone;
  }

  @Nullable RecordSet find(int type) {
    for (RecordSet set : sets) {
      if (set.type == type) {
        return set;
      }
    }
    return null;
  }

  @Override
  public String toString() {
    return Names.text(name);
  }
}
