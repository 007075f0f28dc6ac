package io.fairlead.record.export;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.zip.CRC32C;
import java.util.zip.GZIPOutputStream;

/**
 * Rows as a record batch of version 2 [1], packed by gzip: a record's value is the row, its key the
 * row's id.
 *
 * <p>[1] Apache Kafka, documentation, 5.3 Message Format.
 */
final class KafkaBatch {
  private static final int MAGIC = 2;
  private static final int GZIP = 1;
  private static final byte[] ID = {'{', '"', 'i', 'd', '"', ':', '"'};

  private KafkaBatch() {}

  /**
   * The batch.
   *
   * @param rows objects of JSON, one a line, beginning with their ids
   * @param millis when they are sent
   */
  static byte[] of(byte[] rows, int count, long millis) throws IOException {
    ByteArrayOutputStream records = new ByteArrayOutputStream(rows.length / 4);
    try (GZIPOutputStream packed = new GZIPOutputStream(records)) {
      int number = 0;
      for (int at = 0; at < rows.length; ) {
        int end = at;
        while (rows[end] != '\n') {
          end++;
        }
        record(packed, rows, at, end, number++);
        at = end + 1;
      }
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream(records.size() + 64);
    DataOutputStream fields = new DataOutputStream(body);
    fields.writeShort(GZIP);
    fields.writeInt(count - 1); // of the last offset
    fields.writeLong(millis);
    fields.writeLong(millis);
    fields.writeLong(-1); // no producer that is known
    fields.writeShort(-1);
    fields.writeInt(-1);
    fields.writeInt(count);
    records.writeTo(fields);
    CRC32C sum = new CRC32C();
    sum.update(body.toByteArray());
    ByteArrayOutputStream batch = new ByteArrayOutputStream(body.size() + 64);
    DataOutputStream out = new DataOutputStream(batch);
    out.writeLong(0); // the broker knows better
    out.writeInt(body.size() + 9);
    out.writeInt(-1);
    out.writeByte(MAGIC);
    out.writeInt((int) sum.getValue());
    body.writeTo(out);
    return batch.toByteArray();
  }

  private static void record(GZIPOutputStream out, byte[] rows, int from, int to, int number)
      throws IOException {
    int key = from + ID.length;
    int keyEnd = key;
    boolean hasKey = Arrays.equals(rows, from, Math.min(to, key), ID, 0, ID.length);
    while (hasKey && keyEnd < to && (rows[keyEnd] != '"' || rows[keyEnd - 1] == '\\')) {
      keyEnd++;
    }
    ByteArrayOutputStream record = new ByteArrayOutputStream(to - from + 48);
    record.write(0);
    varint(record, 0);
    varint(record, number);
    varint(record, hasKey ? keyEnd - key : -1);
    if (hasKey) {
      record.write(rows, key, keyEnd - key);
    }
    varint(record, to - from);
    record.write(rows, from, to - from);
    varint(record, 0);
    varint(out, record.size());
    record.writeTo(out);
  }

  /** With its sign in the lowest bit. */
  private static void varint(OutputStream out, int value) throws IOException {
    int rest = (value << 1) ^ (value >> 31);
    while ((rest & ~0x7F) != 0) {
      out.write((rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
  }
}
