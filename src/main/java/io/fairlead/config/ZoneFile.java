package io.fairlead.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Master;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * The records of a zone as its file names them (RFC 1035, 5), after everything that would make
 * answers wrong or endless has been refused: a zone without its SOA or NS, names that are not of
 * the zone, a CNAME beside other records, CNAMEs that lead in a circle.
 *
 * <p>dnsjava reads the text, and knows every type's. Nothing of it is used to answer.
 */
public final class ZoneFile {
  /** Records of one file: some 200 MB of memory when it is full. */
  static final int MAX_RECORDS = 1_000_000;

  private static final Set<Integer> SIGNATURES =
      Set.of(Type.RRSIG, Type.NSEC, Type.NSEC3, Type.NSEC3PARAM, Type.DNSKEY, Type.SIG, Type.NXT);

  private final String origin;
  private final Map<Name, Set<Integer>> types = new HashMap<>();
  private final Map<Name, Name> aliases = new HashMap<>();
  private final Set<Name> cuts = new HashSet<>();
  private final List<ZoneRecord> records = new ArrayList<>();

  private ZoneFile(String origin) {
    this.origin = origin;
  }

  /** Every record, in the order of the file. */
  public List<ZoneRecord> records() {
    return records;
  }

  /**
   * Reads a file.
   *
   * @param origin name of the zone, without a dot at the end
   * @throws IOException saying what is wrong with it, and in which line
   */
  public static ZoneFile read(Path file, String origin) throws IOException {
    ZoneFile zone = new ZoneFile(origin);
    Name apex = name(origin);
    try (var text = Files.newInputStream(file)) {
      Master master = new Master(text, apex);
      master.disableIncludes(true);
      for (Record record = master.nextRecord(); record != null; record = master.nextRecord()) {
        zone.add(apex, record);
      }
    } catch (NoSuchFileException e) {
      throw new IOException(file + " cannot be read: there is no such file", e);
    } catch (TextParseException e) {
      throw new IOException(
          file + " " + String.valueOf(e.getMessage()).replace("<none>:", "line "), e);
    } catch (RuntimeException e) {
      throw new IOException(file + " cannot be understood: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new IOException(file + " " + e.getMessage(), e);
    }
    try {
      zone.check(apex);
    } catch (IOException e) {
      throw new IOException(file + " " + e.getMessage(), e);
    }
    return zone;
  }

  /** A name whose text is known to be one. */
  private static Name name(String text) {
    try {
      return Name.fromString(text + ".");
    } catch (TextParseException e) {
      throw new IllegalArgumentException("no name: " + text, e);
    }
  }

  private void add(Name apex, Record record) throws IOException {
    Name owner = record.getName();
    int type = record.getType();
    String what = owner + " " + Type.string(type);
    if (records.size() >= MAX_RECORDS) {
      throw new IOException("must not have more than " + MAX_RECORDS + " records");
    }
    if (record.getDClass() != DClass.IN) {
      throw new IOException(what + ": must be of class IN");
    }
    if (!owner.subdomain(apex)) {
      throw new IOException(what + ": must be a name of " + origin);
    }
    if (SIGNATURES.contains(type)) {
      throw new IOException(what + ": signed zones are not available in this version");
    }
    if (type == Type.DNAME) {
      throw new IOException(what + ": DNAME is not available in this version");
    }
    if (type == Type.SOA && !owner.equals(apex)) {
      throw new IOException(what + ": must not be but at " + origin);
    }
    Set<Integer> others = types.computeIfAbsent(owner, _ -> new HashSet<>());
    boolean again = !others.add(type);
    if (others.contains(Type.CNAME) && (others.size() > 1 || again)) {
      throw new IOException(what + ": must not be beside a CNAME");
    }
    if (again && type == Type.SOA) {
      throw new IOException(what + ": must not be given twice");
    }
    if (record instanceof CNAMERecord alias) {
      aliases.put(owner, alias.getTarget());
    }
    if (type == Type.NS && !owner.equals(apex)) {
      cuts.add(owner);
    }
    byte[] whole = record.toWire(Section.ANSWER);
    int head = owner.length() + 10;
    byte[] data = new byte[whole.length - head];
    System.arraycopy(whole, head, data, 0, data.length);
    int ttl = (int) Math.min(record.getTTL(), Integer.MAX_VALUE);
    records.add(new ZoneRecord(owner.toWireCanonical(), type, ttl, data));
  }

  private void check(Name apex) throws IOException {
    Set<Integer> own = types.getOrDefault(apex, Set.of());
    if (!own.contains(Type.SOA) || !own.contains(Type.NS)) {
      throw new IOException("must have a SOA and a NS of " + origin);
    }
    for (Name start : aliases.keySet()) {
      Set<Name> seen = new HashSet<>();
      for (Name at = start; at != null; at = target(at)) {
        if (!seen.add(at)) {
          throw new IOException(start + " CNAME: leads in a circle");
        }
      }
    }
  }

  /** Where a name leads on, by a CNAME of its own or a wildcard's; null: nowhere. */
  private @Nullable Name target(Name from) {
    if (types.containsKey(from)) {
      return aliases.get(from);
    }
    for (int cut = 1; cut < from.labels(); cut++) {
      Name wild = from.wild(cut);
      if (types.containsKey(wild)) {
        return aliases.get(wild);
      }
      if (types.containsKey(new Name(from, cut))) {
        return null;
      }
    }
    return null;
  }

  /**
   * Why a balanced name cannot stand beside these records; null: it can.
   *
   * @param name the whole name
   * @param type that it answers
   */
  @Nullable String objectionTo(String name, int type) {
    Name owner = name(name);
    Set<Integer> there = types.getOrDefault(owner, Set.of());
    if (there.contains(Type.CNAME) || there.contains(type)) {
      return "must not have a record of type "
          + Type.string(there.contains(Type.CNAME) ? Type.CNAME : type)
          + " in the zone's file, too";
    }
    for (Name cut : cuts) {
      if (owner.subdomain(cut)) {
        return "must not lie in what the zone's file delegates: " + cut;
      }
    }
    return null;
  }
}
