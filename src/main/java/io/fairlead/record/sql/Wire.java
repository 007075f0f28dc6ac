package io.fairlead.record.sql;

import io.fairlead.record.sql.QueryOutcome.Answered;
import io.fairlead.record.sql.QueryOutcome.Column;
import io.fairlead.record.sql.QueryOutcome.TooMuch;
import io.fairlead.record.sql.QueryOutcome.Unavailable;
import io.fairlead.record.sql.QueryOutcome.Wrong;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What goes through the pipes between us and the process of the engine: a question or the wish to
 * end it there, {@code READY} once and then one outcome per question back. Texts and rows have
 * their length before them, which is checked before memory is taken: the other side may have gone
 * mad.
 */
final class Wire {
  /** Begins whatever comes back, so that a line that some library printed is told from it. */
  private static final int MAGIC = 0xFA1D_5E9D;

  private static final int MAX_TEXT = 1024 * 1024;
  private static final int MAX_COLUMNS = 4096;

  private static final byte ASK = 'Q';
  private static final byte CANCEL = 'C';

  private static final byte READY = 0;
  private static final byte ANSWERED = 1;
  private static final byte WRONG = 2;
  private static final byte TOO_MUCH = 3;
  private static final byte UNAVAILABLE = 4;

  private Wire() {}

  /** What the process is asked for; null as SQL: end question {@code id}. */
  record Question(int id, int rows, @Nullable String sql) {}

  /**
   * What the process says.
   *
   * @param id of the question; 0: it is ready for questions, or unable to answer any
   */
  record Reply(int id, @Nullable QueryOutcome outcome) {}

  static void ask(DataOutputStream out, int id, int rows, String sql) throws IOException {
    out.writeByte(ASK);
    out.writeInt(id);
    out.writeInt(rows);
    writeText(out, sql);
    out.flush();
  }

  static void cancel(DataOutputStream out, int id) throws IOException {
    out.writeByte(CANCEL);
    out.writeInt(id);
    out.flush();
  }

  static Question readQuestion(DataInputStream in) throws IOException {
    byte kind = in.readByte();
    int id = in.readInt();
    return switch (kind) {
      case ASK -> new Question(id, in.readInt(), readText(in));
      case CANCEL -> new Question(id, 0, null);
      default -> throw new IOException("not a question: " + kind);
    };
  }

  static void ready(DataOutputStream out) throws IOException {
    out.writeInt(MAGIC);
    out.writeInt(0);
    out.writeByte(READY);
    out.flush();
  }

  static void reply(DataOutputStream out, int id, QueryOutcome outcome) throws IOException {
    out.writeInt(MAGIC);
    out.writeInt(id);
    switch (outcome) {
      case Answered answered -> {
        out.writeByte(ANSWERED);
        out.writeInt(answered.columns().size());
        for (Column column : answered.columns()) {
          writeText(out, column.name());
          writeText(out, column.type());
        }
        out.writeInt(answered.count());
        out.writeBoolean(answered.truncated());
        out.writeLong(answered.nanos());
        out.writeInt(answered.rows().length);
        out.write(answered.rows());
      }
      case Wrong(String why, int position) -> {
        out.writeByte(WRONG);
        out.writeInt(position);
        writeText(out, why);
      }
      case TooMuch(String why) -> {
        out.writeByte(TOO_MUCH);
        writeText(out, why);
      }
      case Unavailable(String why) -> {
        out.writeByte(UNAVAILABLE);
        writeText(out, why);
      }
    }
    out.flush();
  }

  /**
   * The next thing it says.
   *
   * @param most bytes of rows
   * @throws IOException at its end, or if that is none of the above
   */
  static Reply readReply(DataInputStream in, int most) throws IOException {
    if (in.readInt() != MAGIC) {
      throw new IOException("not a reply");
    }
    int id = in.readInt();
    return switch (in.readByte()) {
      case READY -> new Reply(id, null);
      case ANSWERED -> new Reply(id, readAnswer(in, most));
      case WRONG -> {
        int position = in.readInt();
        yield new Reply(id, new Wrong(readText(in), position));
      }
      case TOO_MUCH -> new Reply(id, new TooMuch(readText(in)));
      case UNAVAILABLE -> new Reply(id, new Unavailable(readText(in)));
      default -> throw new IOException("not a reply");
    };
  }

  private static Answered readAnswer(DataInputStream in, int most) throws IOException {
    int count = within(in.readInt(), MAX_COLUMNS);
    List<Column> columns = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String name = readText(in);
      columns.add(new Column(name, readText(in)));
    }
    int rows = in.readInt();
    boolean truncated = in.readBoolean();
    long nanos = in.readLong();
    byte[] json = new byte[within(in.readInt(), most)];
    in.readFully(json);
    return new Answered(columns, rows, json, truncated, nanos);
  }

  private static void writeText(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static String readText(DataInputStream in) throws IOException {
    int length = within(in.readInt(), MAX_TEXT);
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static int within(int length, int most) throws IOException {
    if (length < 0 || length > most) {
      throw new IOException("a length of " + length);
    }
    return length;
  }
}
