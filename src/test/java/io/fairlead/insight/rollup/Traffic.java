package io.fairlead.insight.rollup;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordKinds;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordMask;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordNames.Kind;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Records of requests, as event loops write them. */
final class Traffic implements AutoCloseable {
  private static final long RING = 4 << 20;

  final RecordNames names = new RecordNames();
  private final RecordRings rings;
  private final RecordReader reader;
  private final RecordKinds kinds = new RecordKinds(7);
  private int sequence;

  Traffic(Path data) throws IOException {
    rings = RecordRings.open(data, 1, RING, names);
    reader = rings.reader(0);
  }

  /** A request, with what tests do not change. */
  record Request(
      long startMicros,
      String listener,
      String route,
      String service,
      String node,
      int status,
      @Nullable ErrorReason reason,
      long totalMicros,
      int tries,
      long in,
      long out,
      int client,
      String path,
      String host,
      String agent) {
    static Request at(long startMillis) {
      return new Request(
          startMillis * 1000,
          "web",
          "web/1",
          "shop",
          "a",
          200,
          null,
          1000,
          1,
          10,
          2000,
          1,
          "/item?page=1",
          "shop.example",
          "curl/8");
    }

    Request node(String other) {
      return new Request(
          startMicros,
          listener,
          route,
          service,
          other,
          status,
          reason,
          totalMicros,
          tries,
          in,
          out,
          client,
          path,
          host,
          agent);
    }

    Request route(String other) {
      return new Request(
          startMicros,
          listener,
          other,
          service,
          node,
          status,
          reason,
          totalMicros,
          tries,
          in,
          out,
          client,
          path,
          host,
          agent);
    }

    Request ended(int code, @Nullable ErrorReason why) {
      return new Request(
          startMicros,
          listener,
          route,
          service,
          node,
          code,
          why,
          totalMicros,
          tries,
          in,
          out,
          client,
          path,
          host,
          agent);
    }

    Request took(long micros) {
      return new Request(
          startMicros,
          listener,
          route,
          service,
          node,
          status,
          reason,
          micros,
          tries,
          in,
          out,
          client,
          path,
          host,
          agent);
    }

    Request tried(int times) {
      return new Request(
          startMicros,
          listener,
          route,
          service,
          node,
          status,
          reason,
          totalMicros,
          times,
          in,
          out,
          client,
          path,
          host,
          agent);
    }

    Request from(int other) {
      return new Request(
          startMicros,
          listener,
          route,
          service,
          node,
          status,
          reason,
          totalMicros,
          tries,
          in,
          out,
          other,
          path,
          host,
          agent);
    }

    Request path(String other) {
      return new Request(
          startMicros,
          listener,
          route,
          service,
          node,
          status,
          reason,
          totalMicros,
          tries,
          in,
          out,
          client,
          other,
          host,
          agent);
    }
  }

  /** The record of a request; good until the next. */
  RecordView record(Request request) {
    RecordDraft draft = rings.ring(0).draft();
    boolean session = request.status() == 0;
    draft.begin(session ? RecordLayout.STREAM : RecordLayout.HTTP, RecordLayout.HTTP_1_1);
    draft.times(request.startMicros(), request.totalMicros() * 1000);
    draft.id(1, sequence++);
    draft.result(request.status(), request.reason(), request.tries());
    draft.bytes(request.in(), request.out());
    if (request.reason() == ErrorReason.FAULT_INJECTED) {
      draft.flag(RecordLayout.MEANT);
    }
    draft.names(
        number(Kind.LISTENER, request.listener()),
        number(Kind.ROUTE, request.route()),
        number(Kind.SERVICE, request.service()),
        number(Kind.NODE, request.node()));
    draft.client(0, 0xFFFF_0A00_0000L | request.client(), 1234, RecordMask.NONE);
    text(draft, Text.HOST, request.host());
    text(draft, Text.PATH, request.path());
    text(draft, Text.USER_AGENT, request.agent());
    rings.ring(0).write();
    if (!reader.next()) {
      throw new AssertionError("the record was dropped");
    }
    reader.saved(reader.place());
    if (!session) {
      kinds.sort(reader.record());
    }
    return reader.record();
  }

  private int number(Kind kind, String name) {
    return name.isEmpty() ? 0 : names.number(kind, name);
  }

  private static void text(RecordDraft draft, Text which, String value) {
    byte[] bytes = value.getBytes(UTF_8);
    draft.text(which, bytes, 0, bytes.length);
  }

  @Override
  public void close() {
    rings.close();
  }
}
