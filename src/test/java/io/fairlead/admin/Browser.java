package io.fairlead.admin;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One page of a real Chromium, driven by its DevTools protocol. It cannot be skipped: without
 * Chromium on the PATH the constructor fails and says what to install.
 */
public final class Browser implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final JsonMapper JSON = JsonMapper.shared();

  private final Process process;
  private final Path profile;
  private final HttpClient client = HttpClient.newHttpClient();
  private final WebSocket socket;
  private final AtomicInteger nextId = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
  private final List<String> complaints = new CopyOnWriteArrayList<>();
  private final StringBuilder partial = new StringBuilder();

  /**
   * @param options of its command line, besides the usual ones
   */
  public Browser(String... options) throws IOException, InterruptedException {
    profile = Files.createTempDirectory("fairlead-browser");
    Process started = start(profile, List.of(options));
    process = started;
    try {
      String devTools = devToolsAddress(started);
      HttpRequest list =
          HttpRequest.newBuilder(
                  URI.create(
                      devTools
                          .replaceFirst("^ws", "http")
                          .replaceFirst("/devtools.*", "/json/list")))
              .build();
      String page = "";
      for (JsonNode target : JSON.readTree(client.send(list, BodyHandlers.ofString()).body())) {
        if (target.get("type").stringValue().equals("page")) {
          page = target.get("webSocketDebuggerUrl").stringValue();
        }
      }
      socket = client.newWebSocketBuilder().buildAsync(URI.create(page), new Inbox()).join();
    } catch (IOException | RuntimeException e) {
      started.destroyForcibly();
      throw e;
    }
    send("Page.enable", Map.of());
    send("Runtime.enable", Map.of());
    send("Log.enable", Map.of());
  }

  /** Loads a page and waits until its load event. */
  public void open(URI address) {
    evaluate("window.isOld = true");
    send("Page.navigate", Map.of("url", address.toString()));
    await(
        "document.readyState === 'complete' && location.href !== 'about:blank'"
            + " && (!window.isOld || location.href.includes('#'))");
  }

  /** Loads the page again. */
  public void reload() {
    evaluate("window.isOld = true");
    send("Page.reload", Map.of());
    await("document.readyState === 'complete' && !window.isOld");
  }

  /** Runs that script in every page from now on before the page's own. */
  public void inject(String script) {
    send("Page.addScriptToEvaluateOnNewDocument", Map.of("source", script));
  }

  /** The value of an expression in the page; promises are waited for. */
  public JsonNode evaluate(String expression) {
    JsonNode answer =
        send(
            "Runtime.evaluate",
            Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
    if (answer.has("exceptionDetails")) {
      throw new AssertionError(expression + ": " + answer.get("exceptionDetails"));
    }
    JsonNode value = answer.get("result").get("value");
    return value == null ? JSON.nullNode() : value;
  }

  /** Waits until the expression is true in the page; looks whenever the page has drawn a frame. */
  public void await(String condition) {
    await(condition, PATIENCE);
  }

  public void await(String condition, Duration patience) {
    JsonNode met =
        evaluate(
            """
            new Promise((resolve) => {
              const end = performance.now() + %d;
              const look = () => {
                let met = false;
                try { met = Boolean(%s); } catch { met = false; }
                if (met || performance.now() > end) resolve(met);
                else setTimeout(look, 20);
              };
              look();
            })\
            """
                .formatted(patience.toMillis(), condition));
    if (!met.booleanValue()) {
      throw new AssertionError(
          "not true within "
              + patience
              + ": "
              + condition
              + "\n"
              + evaluate("document.body.innerText"));
    }
  }

  /** Light or dark, as the reader's system would ask for it. */
  public void setColorScheme(String scheme) {
    send(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  public void setSize(int width, int height) {
    send(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 600));
  }

  /** Presses that key on what has the focus. */
  public void press(String key, String text) {
    press(key, text, false);
  }

  /** Presses that key, perhaps with Shift. */
  public void press(String key, String text, boolean shift) {
    Map<String, Object> event = new HashMap<>(Map.of("key", key, "code", key, "text", text));
    event.put("windowsVirtualKeyCode", key.equals("Enter") ? 13 : key.equals("Tab") ? 9 : 0);
    event.put("modifiers", shift ? 8 : 0);
    for (String type : List.of("keyDown", "keyUp")) {
      event.put("type", type);
      send("Input.dispatchKeyEvent", event);
    }
  }

  /** Drags from one place of the window to another with the mouse; a click if they are the same. */
  public void drag(double fromX, double fromY, double toX, double toY) {
    mouse("mouseMoved", fromX, fromY, 0);
    mouse("mousePressed", fromX, fromY, 1);
    if (fromX != toX || fromY != toY) {
      mouse("mouseMoved", (fromX + toX) / 2, (fromY + toY) / 2, 1);
      mouse("mouseMoved", toX, toY, 1);
    }
    mouse("mouseReleased", toX, toY, 1);
  }

  private void mouse(String type, double x, double y, int clicks) {
    send(
        "Input.dispatchMouseEvent",
        Map.of("type", type, "x", x, "y", y, "button", "left", "clickCount", clicks));
  }

  /** Bytes that the page's script holds after everything unused has been thrown away. */
  public long heapBytes() {
    send("HeapProfiler.collectGarbage", Map.of());
    return send("Runtime.getHeapUsage", Map.of()).get("usedSize").longValue();
  }

  /** Writes what is seen to a PNG file. */
  public void screenshot(Path file) throws IOException {
    JsonNode answer = send("Page.captureScreenshot", Map.of("format", "png"));
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.write(file, Base64.getDecoder().decode(answer.get("data").stringValue()));
  }

  /**
   * Errors and warnings of the console so far, uncaught exceptions among them; not that an answer
   * had another status than 200, which a page may well expect.
   */
  public List<String> complaints() {
    return complaints.stream().filter(each -> !each.contains("\"source\":\"network\"")).toList();
  }

  @Override
  public void close() throws IOException {
    socket.abort();
    process.destroy();
    process
        .onExit()
        .completeOnTimeout(process, 5, TimeUnit.SECONDS)
        .thenAccept(Process::destroyForcibly)
        .join();
    process.onExit().join();
    try (Stream<Path> files = Files.walk(profile)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (UncheckedIOException _) {
      // a child of the browser was still writing: the rest is left to the system's cleaner
    }
  }

  private JsonNode send(String method, Map<String, Object> parameters) {
    int id = nextId.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    String text = JSON.writeValueAsString(Map.of("id", id, "method", method, "params", parameters));
    socket.sendText(text, true).join();
    JsonNode result = answer.orTimeout(PATIENCE.toSeconds() + 10, TimeUnit.SECONDS).join();
    if (result.has("error")) {
      throw new AssertionError(method + ": " + result.get("error"));
    }
    return result.get("result");
  }

  private void receive(String text) {
    JsonNode message = JSON.readTree(text);
    if (message.has("id")) {
      CompletableFuture<JsonNode> answer = waiting.remove(message.get("id").intValue());
      if (answer != null) {
        answer.complete(message);
      }
      return;
    }
    JsonNode parameters = message.get("params");
    String complaint = complaint(message.get("method").stringValue(), parameters);
    if (complaint != null) {
      complaints.add(complaint);
    }
  }

  private static @Nullable String complaint(String method, JsonNode parameters) {
    return switch (method) {
      case "Runtime.exceptionThrown" -> parameters.get("exceptionDetails").toString();
      case "Runtime.consoleAPICalled" ->
          List.of("error", "warning", "assert").contains(parameters.get("type").stringValue())
              ? parameters.get("args").toString()
              : null;
      case "Log.entryAdded" ->
          List.of("error", "warning").contains(parameters.get("entry").get("level").stringValue())
              ? parameters.get("entry").toString()
              : null;
      default -> null;
    };
  }

  private static Process start(Path profile, List<String> options) throws IOException {
    for (String name : List.of("chromium", "chromium-browser", "google-chrome")) {
      List<String> command = new ArrayList<>(List.of(name));
      command.addAll(options);
      command.addAll(
          List.of(
              "--headless",
              "--no-sandbox",
              "--disable-gpu",
              "--disable-quic",
              "--disable-dev-shm-usage",
              "--no-first-run",
              "--disable-background-networking",
              "--disable-component-update",
              "--disable-sync",
              "--hide-scrollbars",
              "--user-data-dir=" + profile,
              "--remote-debugging-port=0",
              "--window-size=1280,900",
              "about:blank"));
      try {
        return new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
      } catch (IOException _) {
        // not under this name
      }
    }
    throw new IOException(
        "Chromium is needed to look at the dashboard: install the package chromium.");
  }

  /** Chromium says on its error stream where it listens. */
  private static String devToolsAddress(Process process) throws IOException {
    BufferedReader errors =
        new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
    StringBuilder seen = new StringBuilder();
    for (String line = errors.readLine(); line != null; line = errors.readLine()) {
      seen.append(line).append('\n');
      int at = line.indexOf("ws://");
      if (at >= 0) {
        Thread.ofVirtual().start(() -> drain(errors));
        return line.substring(at).strip();
      }
    }
    throw new IOException("Chromium ended before it listened:\n" + seen);
  }

  private static void drain(BufferedReader errors) {
    try {
      errors.transferTo(Writer.nullWriter());
    } catch (IOException _) {
      // the browser is gone
    }
  }

  private final class Inbox implements WebSocket.Listener {
    @Override
    public @Nullable CompletionStage<?> onText(
        WebSocket webSocket, CharSequence data, boolean last) {
      partial.append(data);
      if (last) {
        String text = partial.toString();
        partial.setLength(0);
        receive(text);
      }
      webSocket.request(1);
      return null;
    }
  }
}
