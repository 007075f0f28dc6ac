package io.fairlead.dns;

import io.fairlead.config.ZoneRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The records of one name and type, each as it is sent but for its name. Never changed. */
final class RecordSet {
  /** Bytes of a record in front of its data: type, class, time, length. */
  static final int HEAD = 10;

  final int type;
  final int ttl;

  /** From the type on: type, class, time, length, data. */
  final byte[][] records;

  /** Of a CNAME: where it leads; null: out of what the zone has. Set while the zone is built. */
  @Nullable Owner target;

  /** Of a CNAME: the name it leads to, in lower case. */
  byte @Nullable [] targetName;

  RecordSet(int type, int ttl, byte[][] data) {
    this.type = type;
    this.ttl = ttl;
    this.records = new byte[data.length][];
    for (int i = 0; i < data.length; i++) {
      records[i] = whole(type, ttl, data[i]);
    }
  }

  /** Of several times of records the shortest counts for all (RFC 2181, 5.2). */
  static RecordSet of(List<ZoneRecord> records) {
    int ttl = records.stream().mapToInt(ZoneRecord::ttl).min().orElse(0);
    return new RecordSet(
        records.getFirst().type(),
        ttl,
        records.stream().map(ZoneRecord::data).toArray(byte[][]::new));
  }

  /** A record from its type on. */
  static byte[] whole(int type, int ttl, byte[] data) {
    byte[] whole = new byte[HEAD + data.length];
    whole[0] = (byte) (type >> 8);
    whole[1] = (byte) type;
    whole[3] = Type.CLASS_IN;
    whole[4] = (byte) (ttl >> 24);
    whole[5] = (byte) (ttl >> 16);
    whole[6] = (byte) (ttl >> 8);
    whole[7] = (byte) ttl;
    whole[8] = (byte) (data.length >> 8);
    whole[9] = (byte) data.length;
    System.arraycopy(data, 0, whole, HEAD, data.length);
    return whole;
  }

  /** What follows the head. */
  static byte[] data(byte[] record) {
    byte[] data = new byte[record.length - HEAD];
    System.arraycopy(record, HEAD, data, 0, data.length);
    return data;
  }
}
