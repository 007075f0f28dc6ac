package io.fairlead.dns;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A whole zone in messages (AXFR, RFC 5936): its SOA, everything else, its SOA again. Of a balanced
 * name it has the addresses that may be answered now.
 */
final class Transfer {
  /** Bytes of a message: some tens of records, and room for a signature. */
  private static final int MESSAGE = 16_384;

  /** Takes messages one after the other. */
  interface Sink {
    void message(byte[] bytes, int length) throws IOException;
  }

  private final Query query;
  private final @Nullable Tsig tsig;
  private final long epochSeconds;
  private final Sink sink;
  private final Answer out = new Answer(Responder.TCP_LIMIT);
  private int records;

  private Transfer(Query query, @Nullable Tsig tsig, long epochSeconds, Sink sink) {
    this.query = query;
    this.tsig = tsig;
    this.epochSeconds = epochSeconds;
    this.sink = sink;
  }

  static void write(ZoneData zone, Query query, @Nullable Tsig tsig, long epochSeconds, Sink sink)
      throws IOException {
    new Transfer(query, tsig, epochSeconds, sink).write(zone);
  }

  private void write(ZoneData zone) throws IOException {
    byte[] soa = zone.soa(); // the same at both ends, whatever happens meanwhile
    begin();
    record(zone.name, soa);
    for (Owner owner : zone.owners) {
      for (RecordSet set : owner.sets) {
        if (set.type != Type.SOA) {
          for (byte[] record : set.records) {
            record(owner.name, record);
          }
        }
      }
      Balanced balanced = owner.balanced;
      if (balanced != null) {
        Choices choices = balanced.choices();
        family(owner, Type.A, choices.ttl, choices.v4[0]);
        family(owner, Type.AAAA, choices.ttl, choices.v6[0]);
      }
    }
    record(zone.name, soa);
    end();
  }

  private void family(Owner owner, int type, int ttl, Family family) throws IOException {
    for (int i = 0; i < family.size(); i++) {
      record(owner.name, RecordSet.whole(type, ttl, family.address(i)));
    }
  }

  private void begin() {
    System.arraycopy(query.in, 0, out.out, 0, query.questionEnd);
    out.at = query.questionEnd;
    out.out[2] = (byte) (0x84 | (query.in[2] & 0x01));
    out.out[3] = 0;
    for (int i = 4; i < Query.HEAD; i++) {
      out.out[i] = 0;
    }
    out.out[5] = 1;
    records = 0;
  }

  private void record(byte[] owner, byte[] record) throws IOException {
    int room = tsig == null ? 0 : tsig.room();
    if (records > 0 && out.at + owner.length + record.length + room > MESSAGE) {
      end();
      begin();
    }
    out.bytes(owner);
    out.bytes(record);
    records++;
  }

  private void end() throws IOException {
    out.put16(6, records);
    if (tsig != null) {
      tsig.sign(out, epochSeconds);
    }
    sink.message(out.out, out.at);
  }

  /** What a zone consists of, for those who look. */
  static int count(List<Owner> owners) {
    int count = 0;
    for (Owner owner : owners) {
      for (RecordSet set : owner.sets) {
        count += set.records.length;
      }
    }
    return count;
  }
}
