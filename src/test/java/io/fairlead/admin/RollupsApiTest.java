package io.fairlead.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.AdminConfig;
import io.fairlead.config.HostPort;
import io.fairlead.insight.rollup.RollupWriter;
import io.fairlead.insight.rollup.Rollups;
import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordMask;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Questions to rollups at the door: what they may be, and how answers look. */
class RollupsApiTest {
  private static final long NOW = 1_795_000_020_000L;

  @TempDir private Path data;

  private final FakeInstance instance = FakeInstance.shop(() -> NOW);
  private final HttpClient client = HttpClient.newHttpClient();
  private AdminServer server;
  private long now = NOW - 20_000;

  @BeforeEach
  void open() throws IOException {
    server = AdminServer.start(new AdminConfig(new HostPort("127.0.0.1", 0), List.of()), instance);
    Rollups rollups = new Rollups(data, () -> now, 1);
    instance.setRollups(rollups);
    RecordNames names = new RecordNames();
    RollupWriter writer =
        rollups.writer("1", names::text, names::error, bytes -> "10.0.0." + bytes[15]);
    try (RecordRings rings = RecordRings.open(data, 1, 4 << 20, names)) {
      RecordReader reader = rings.reader(0);
      for (int i = 0; i < 10; i++) {
        RecordDraft draft = rings.ring(0).draft();
        draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
        draft.times((NOW - 15_000) * 1000, 1_000_000L);
        draft.id(1, i);
        draft.result(i == 0 ? 500 : 200, null, 1 + i / 9);
        draft.bytes(1, 100);
        draft.names(
            names.number(RecordNames.Kind.LISTENER, "web"),
            i == 9 ? 0 : names.number(RecordNames.Kind.ROUTE, "web/1"),
            names.number(RecordNames.Kind.SERVICE, "shop"),
            names.number(RecordNames.Kind.NODE, "a"));
        draft.client(0, 0xFFFF_0A00_0001L + i / 5, 99, RecordMask.NONE);
        rings.ring(0).write();
        reader.next();
        writer.accept(reader.record());
      }
    }
    now = NOW;
    writer.caughtUp(now, 3);
  }

  @AfterEach
  void shut() {
    client.close();
    server.close();
  }

  private HttpResponse<String> get(String path) {
    URI uri = URI.create("http://127.0.0.1:" + server.address().getPort() + "/api/v1/" + path);
    try {
      return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new AssertionError(path, e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void seriesHaveAFigureForEachStep() {
    HttpResponse<String> answer = get("series?from=20s&step=10s&by=route");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body())
        .isEqualTo(
            "{\"from\":1795000000000,\"step\":10000,"
                + "\"span\":{\"from\":1795000000000,\"to\":1795000020000},\"lost\":3,\"series\":["
                + "{\"key\":{\"route\":\"web/1\"},\"requests\":[9,0],\"errors\":[1,0],"
                + "\"bytesIn\":[9,0],\"bytesOut\":[900,0],\"moreTries\":[0,0],"
                + "\"p50\":[1020,null],\"p99\":[1020,null],\"total\":{\"requests\":9,\"errors\":1,"
                + "\"bytesIn\":9,\"bytesOut\":900,\"moreTries\":0,\"p50\":1020,\"p99\":1020,"
                + "\"reasons\":{}}},"
                + "{\"key\":{\"route\":null},\"requests\":[1,0],\"errors\":[0,0],"
                + "\"bytesIn\":[1,0],\"bytesOut\":[100,0],\"moreTries\":[1,0],"
                + "\"p50\":[1020,null],\"p99\":[1020,null],\"total\":{\"requests\":1,\"errors\":0,"
                + "\"bytesIn\":1,\"bytesOut\":100,\"moreTries\":1,\"p50\":1020,\"p99\":1020,"
                + "\"reasons\":{}}}],\"others\":0,\"left\":0}");
  }

  @Test
  void aHeatMapHasAColumnForEachStep() {
    assertThat(get("heatmap?from=20s&step=10s&status=2xx").body())
        .startsWith("{\"from\":1795000000000,\"step\":10000,\"span\":")
        .contains("\"bounds\":[102,")
        .contains("\"counts\":[[0,0,")
        .endsWith("\"errors\":[0,0]}");
  }

  @Test
  void whatOccursMostComesFirst() {
    assertThat(get("top?of=client").body())
        .startsWith(
            "{\"values\":[{\"value\":\"10.0.0.1\",\"requests\":5,\"errors\":1,\"p99\":1020},"
                + "{\"value\":\"10.0.0.2\",\"requests\":5,\"errors\":0,\"p99\":1020}],"
                + "\"exact\":true,\"missing\":0,\"requests\":10,");
    assertThat(get("top?of=path").body()).startsWith("{\"values\":[]");
    assertThat(get("top?of=client&limit=1").body()).doesNotContain("10.0.0.2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "series?from=yesterday      | from: must be a time such as 2026-11-26T10:00:00Z, milliseconds since 1970, or 5m (was yesterday).",
        "series?to=soon             | to: must be a time",
        "series?from=5m&to=10m      | to: must be later than from.",
        "series?step=fast           | step: must be a length of time such as 10s, 1m or 1h (was fast).",
        "series?step=15s            | step: must be a multiple of 10s.",
        "series?from=7d&step=10s    | step: must be so long that there are 1500 of them at most.",
        "series?by=client           | by: must be listener, route, service, node, status or none (was client).",
        "series?status=500          | status: must be 1xx, 2xx, 3xx, 4xx, 5xx or none (was 500).",
        "series?nod=a               | nod: unknown; there are from, to, step, listener, route, service, node, status, by. Did you mean node?",
        "heatmap?by=node            | by: unknown; there are from, to, step,",
        "top                        | of: must be client, path, host or user-agent.",
        "top?of=cookie              | of: must be client, path, host or user-agent (was cookie).",
        "top?of=path&limit=0        | limit: must be a whole number from 1 to 200 (was 0).",
      })
  void whatIsWrongIsNamed(String path, String detail) {
    HttpResponse<String> answer = get(path);
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body()).contains("\"detail\":\"" + detail);
  }
}
