package io.fairlead.admin;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One page of a real Chromium, driven by its DevTools protocol. */
public final class Browser implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final JsonMapper JSON = JsonMapper.shared();

  private final @Nullable Chromium own;
  private final Chromium.Tab tab;
  private final List<String> complaints = new CopyOnWriteArrayList<>();

  /**
   * In a process of its own.
   *
   * @param options of its command line, besides the usual ones
   */
  public Browser(String... options) throws IOException {
    this(new Chromium(options), true);
  }

  /** Beside other pages. */
  public Browser(Chromium chromium) {
    this(chromium, false);
  }

  private Browser(Chromium chromium, boolean isOwn) {
    own = isOwn ? chromium : null;
    tab = chromium.new Tab(this::receive);
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
    tab.close();
    if (own != null) {
      own.close();
    }
  }

  private JsonNode send(String method, Map<String, Object> parameters) {
    return tab.tools.send(method, parameters);
  }

  private void receive(JsonNode message) {
    String complaint = complaint(message.get("method").stringValue(), message.get("params"));
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
}
