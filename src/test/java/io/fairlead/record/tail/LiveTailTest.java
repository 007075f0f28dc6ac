package io.fairlead.record.tail;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.record.Names;
import io.fairlead.record.sql.WrongCondition;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordMask;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who looks on sees what, with a clock turned by hand. */
final class LiveTailTest {
  @TempDir private Path data;
  private final RecordNames numbers = new RecordNames();
  private final LiveTail tail = new LiveTail("lb1");
  private final List<String> seen = new ArrayList<>();
  private RecordRings rings;
  private final List<RecordReader> readers = new ArrayList<>();

  @BeforeEach
  void open() throws Exception {
    rings = RecordRings.open(data, 1, 4 << 20, numbers);
    readers.add(rings.reader(0));
    readers.add(rings.reader(1));
  }

  @AfterEach
  void close() {
    rings.close();
  }

  private Runnable follow(String table, String where) throws WrongCondition {
    return Objects.requireNonNull(
        tail.follow(
            tail.select(table, where),
            new LiveTail.Sink() {
              @Override
              public void row(byte[] json) {
                seen.add(new String(json, UTF_8));
              }

              @Override
              public void skipped(long rows) {
                seen.add("skipped " + rows);
              }
            }));
  }

  private void send(int status, String path) {
    RecordDraft draft = rings.ring(0).draft();
    draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
    draft.times(1_795_000_000_000_001L, 1_500_000);
    draft.id(0x0102030405060708L, 0x090a0b0c);
    draft.result(status, null, 1);
    draft.names(0, 0, numbers.number(RecordNames.Kind.SERVICE, "shop"), 0);
    draft.client(0, 0xFFFF_7F00_0001L, 0, RecordMask.NONE);
    draft.bytes(0, 7);
    draft.method(1);
    draft.path(path.getBytes(UTF_8), 0, path.length(), 0, -1, RecordMask.NONE);
    draft.text(Text.USER_AGENT, "a\"b\n".getBytes(UTF_8), 0, 4);
    rings.ring(0).write();
  }

  private void read(long millis) {
    Names names = names();
    for (RecordReader reader : readers) {
      while (reader.next()) {
        tail.accept(reader.record(), names);
      }
      reader.saved(reader.place());
    }
    tail.caughtUp(millis, () -> {});
  }

  private Names names() {
    return Names.of(rings);
  }

  @Test
  void aRowIsAnObjectWithAllColumns() throws Exception {
    follow("requests", "status>=500 and path~/SELL");
    send(200, "/sell");
    send(503, "/buy");
    send(503, "/sell");
    read(1000);
    assertThat(seen)
        .containsExactly(
            """
            {"id":"0102030405060708090a0b0c","time":"2026-11-18T11:06:40.000001Z","instance":"lb1",\
            "listener":null,"route":null,"service":"shop","node":null,"client":"127.0.0.1",\
            "method":"GET","host":null,"path":"/sell","protocol":"http/1.1","status":503,\
            "error":null,"bytes_in":0,"bytes_out":7,"total_us":1500,"queue_us":null,\
            "connect_us":null,"tls_us":null,"first_byte_us":null,"tries":1,\
            "user_agent":"a\\"b\\u000a","trace_id":null,"weight":1}\
            """);
  }

  @Test
  void eachTableHasItsRecords() throws Exception {
    follow("events", "node=b");
    send(200, "/");
    rings.notes().event(5_000, new Event.NodeDown("shop", "a", "refused"));
    rings.notes().event(5_000, new Event.NodeDown("shop", "b", "refused"));
    read(1000);
    assertThat(seen).hasSize(1);
    assertThat(seen.getFirst())
        .contains("\"kind\":\"NodeDown\"", "\"text\":\"shop/b is down: refused\"");
  }

  @Test
  void anAnswerOfTheDnsSaysHowManyItStandsFor() throws Exception {
    follow("dns", "weight>1 and code=NXDOMAIN and type=AAAA and error=null");
    for (int weight = 1; weight < 4; weight += 2) {
      RecordDraft draft = rings.ring(0).draft();
      draft.begin(RecordLayout.DNS, RecordLayout.UDP);
      draft.times(1_795_000_000_000_001L, 7_000);
      draft.id(0x0102030405060708L, 0x090a0b0c);
      draft.client(0, 0xFFFF_7F00_0001L, 0, RecordMask.NONE);
      draft.answer(28, 3, weight);
      draft.text(Text.PATH, "no.example".getBytes(UTF_8), 0, 10);
      draft.text(Text.TEXT, "no such name".getBytes(UTF_8), 0, 12);
      rings.ring(0).write();
    }
    read(1000);
    assertThat(seen)
        .containsExactly(
            """
            {"id":"0102030405060708090a0b0c","time":"2026-11-18T11:06:40.000001Z","instance":"lb1",\
            "listener":null,"client":"127.0.0.1","protocol":"udp","name":"no.example",\
            "type":"AAAA","code":"NXDOMAIN","answer":"no such name","error":null,"total_us":7,\
            "weight":3}\
            """);
  }

  /** 200 at once, and 200 a second; of the others it is said how many they were. */
  @Test
  void thereAreNoMoreThanCanBeRead() throws Exception {
    follow("requests", "");
    read(1000);
    for (int i = 0; i < 1000; i++) {
      send(200, "/");
    }
    read(1025);
    assertThat(seen).hasSize(201).last().isEqualTo("skipped 800");
    seen.clear();
    for (int i = 0; i < 40; i++) {
      for (int n = 0; n < 25; n++) {
        send(200, "/");
      }
      read(1050 + i * 25L);
    }
    assertThat(seen).hasSizeBetween(195, 206);
    assertThat(seen.getLast()).isEqualTo("skipped " + (1000 - (seen.size() - 1)));
  }

  @Test
  void whoLeavesMakesRoom() throws Exception {
    List<Runnable> leaving = new ArrayList<>();
    for (int i = 0; i < LiveTail.MOST; i++) {
      leaving.add(follow("requests", ""));
    }
    assertThat(tail.isFull()).isTrue();
    assertThat(
            tail.follow(
                tail.select("requests", ""),
                new LiveTail.Sink() {
                  @Override
                  public void row(byte[] json) {}

                  @Override
                  public void skipped(long rows) {}
                }))
        .isNull();
    leaving.forEach(Runnable::run);
    assertThat(tail.isFull()).isFalse();
    send(200, "/");
    read(1000);
    assertThat(seen).isEmpty();
  }

  @Test
  void aConditionThatMeansNothingIsRefused() {
    assertThatThrownBy(() -> tail.select("requests", "stauts=1"))
        .isInstanceOf(WrongCondition.class)
        .hasMessageContaining("did you mean status");
    assertThatThrownBy(() -> tail.select("request", ""))
        .isInstanceOf(WrongCondition.class)
        .hasMessageContaining("there is no table request");
  }
}
