package io.fairlead.dns;

import io.fairlead.config.DnsZoneConfig;
import io.fairlead.config.ZoneFile;
import io.fairlead.config.ZoneRecord;
import io.fairlead.telemetry.LoopCounters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes of records what is answered from: names with their sets, names in between, where wildcards
 * and delegations stand, where CNAMEs lead. What an answer would have to look for is looked for
 * here once.
 */
final class ZoneBuilder {
  /** Times of a zone without a file, in seconds: as short as what changes by itself wants them. */
  private static final int SERVER_TTL = 3600;

  private static final int NEGATIVE_TTL = 30;

  private final byte[] name;
  private final ZoneData zone;
  private final Collection<byte[]> deeper;
  private final Map<String, Owner> owners = new LinkedHashMap<>();

  private ZoneBuilder(byte[] name, ZoneData zone, Collection<byte[]> deeper) {
    this.name = name;
    this.zone = zone;
    this.deeper = deeper;
  }

  /**
   * Builds a zone.
   *
   * @param deeper names of other zones below it: what is theirs is answered from them
   * @param balanced names whose addresses are chosen
   * @param serial for a zone without a file
   */
  static ZoneData build(
      DnsZoneConfig config,
      Collection<byte[]> deeper,
      Map<String, Balanced> balanced,
      LoopCounters<ZoneCounter> counters,
      int serial)
      throws IOException {
    byte[] name = Names.of(config.name());
    ZoneData zone =
        new ZoneData(name, new ZoneSettings(config.name(), config.transfer()), counters);
    ZoneBuilder builder = new ZoneBuilder(name, zone, deeper);
    builder.add(
        config.file().isPresent()
            ? ZoneFile.read(config.file().get(), config.name()).records()
            : usual(config, serial));
    balanced.forEach((text, one) -> builder.owner(Names.of(text)).balanced = one);
    builder.finish();
    return zone;
  }

  private static List<ZoneRecord> usual(DnsZoneConfig config, int serial) {
    byte[] apex = Names.of(config.name());
    Answer soa = new Answer(600);
    soa.bytes(Names.of(config.ns().getFirst()));
    soa.bytes(Names.of("hostmaster." + config.name()));
    for (int number : new int[] {serial, 3600, 600, 604_800, NEGATIVE_TTL}) {
      soa.u32(number);
    }
    List<ZoneRecord> records = new ArrayList<>();
    records.add(new ZoneRecord(apex, Type.SOA, SERVER_TTL, Arrays.copyOf(soa.out, soa.at)));
    for (String server : config.ns()) {
      records.add(new ZoneRecord(apex, Type.NS, SERVER_TTL, Names.of(server)));
    }
    return records;
  }

  private void add(List<ZoneRecord> records) {
    Map<String, Map<Integer, List<ZoneRecord>>> byName = new LinkedHashMap<>();
    for (ZoneRecord record : records) {
      if (deeper.stream().noneMatch(other -> Names.isBelow(record.owner(), other))) {
        byName
            .computeIfAbsent(key(record.owner()), _ -> new LinkedHashMap<>())
            .computeIfAbsent(record.type(), _ -> new ArrayList<>())
            .add(record);
      }
    }
    byName
        .values()
        .forEach(types -> {
          Owner owner = owner(types.values().iterator().next().getFirst().owner());
          owner.sets = types.values().stream().map(RecordSet::of).toArray(RecordSet[]::new);
        });
  }

  private static String key(byte[] name) {
    return new String(name, StandardCharsets.ISO_8859_1);
  }

  /** The name, and those between it and the zone's. */
  private Owner owner(byte[] owner) {
    Owner known = owners.get(key(owner));
    if (known != null) {
      return known;
    }
    Owner made = new Owner(owner, zone);
    owners.put(key(owner), made);
    if (owner.length > name.length) {
      Owner parent = owner(Names.parent(owner));
      if (Names.isWildcard(owner)) {
        parent.wildcard = made;
      }
    }
    return made;
  }

  private void finish() {
    Owner apex = owner(name);
    zone.setApex(apex);
    RecordSet soa = Objects.requireNonNull(apex.find(Type.SOA), "checked when it was read");
    List<Owner> byDepth = new ArrayList<>(owners.values());
    byDepth.sort(Comparator.comparingInt(owner -> owner.labels));
    for (Owner owner : byDepth) {
      if (owner != apex) {
        Owner above = Objects.requireNonNull(owners.get(key(Names.parent(owner.name)))).cut;
        owner.cut = above != null ? above : owner.find(Type.NS) != null ? owner : null;
      }
    }
    for (Owner owner : byDepth) {
      if (owner.cut == owner) {
        owner.glue = glue(owner);
      }
      RecordSet alias = owner.find(Type.CNAME);
      if (alias != null) {
        byte[] target = lower(RecordSet.data(alias.records[0]));
        boolean ours =
            Names.isBelow(target, name)
                && deeper.stream().noneMatch(other -> Names.isBelow(target, other));
        alias.targetName = ours ? target : null;
        alias.target = ours ? match(target) : null;
      }
    }
    zone.setFileSoa(soa.records[0]);
    List<Owner> inOrder = new ArrayList<>(owners.values());
    inOrder.remove(apex);
    inOrder.addFirst(apex);
    zone.owners = List.copyOf(inOrder);
    zone.chosen = inOrder.stream().filter(owner -> owner.balanced != null).toList();
  }

  private Owner.Glue[] glue(Owner cut) {
    List<Owner.Glue> glue = new ArrayList<>();
    for (byte[] server : Objects.requireNonNull(cut.find(Type.NS)).records) {
      Owner owner = owners.get(key(lower(RecordSet.data(server))));
      for (int type : new int[] {Type.A, Type.AAAA}) {
        RecordSet set = owner == null ? null : owner.find(type);
        if (owner != null && set != null) {
          glue.add(new Owner.Glue(owner, set));
        }
      }
    }
    return glue.toArray(Owner.Glue[]::new);
  }

  /** What answers for that name: it itself, or a wildcard; null: nothing. */
  private @Nullable Owner match(byte[] target) {
    Owner found = owners.get(key(target));
    if (found != null) {
      return found;
    }
    for (byte[] above = target; above.length > name.length; ) {
      above = Names.parent(above);
      Owner closest = owners.get(key(above));
      if (closest != null) {
        return closest.cut != null ? closest : closest.wildcard;
      }
    }
    return null;
  }

  private static byte[] lower(byte[] name) {
    byte[] lower = new byte[name.length];
    for (int i = 0; i < name.length; i++) {
      lower[i] = Names.lower(name[i]); // lengths are below the letters
    }
    return lower;
  }
}
