import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The system that faults are injected into: one Fairlead as a user would have it, twelve nodes of
 * two services in three zones, two of the nodes with another version; each a process of its own.
 * Fairlead is told nothing but what there is: no threshold and no rule.
 */
final class Shop implements AutoCloseable {
  static final int ADMIN = 21_600;
  static final int WEB = 21_601;
  static final int SECURE = 21_602;
  private static final int FIRST_NODE = 21_610;
  static final int SHOPS = 8;
  static final int PAYS = 4;

  /** What is known of a node. */
  record Member(String service, String name, int port, String version, String zone) {}

  final Path work;
  final Children children = new Children();
  final Map<String, Member> members = new LinkedHashMap<>();
  private final Map<String, Process> processes = new LinkedHashMap<>();
  private final HttpClient http = HttpClient.newHttpClient();
  private final Path config;
  private Process fairlead;
  private boolean mounted;

  /** What a configuration says in other ways, by the text that stands there usually. */
  private final Map<String, String> changed = new LinkedHashMap<>();

  Shop(Path work) throws IOException {
    this.work = Files.createDirectories(work);
    config = work.resolve("fairlead.yaml");
    for (int i = 1; i <= SHOPS; i++) {
      add("shop", "s" + i, FIRST_NODE + i, i > SHOPS - 2 ? "2" : "1", "z" + i % 3);
    }
    for (int i = 1; i <= PAYS; i++) {
      add("pay", "p" + i, FIRST_NODE + SHOPS + i, "1", "z" + i % 3);
    }
  }

  private void add(String service, String name, int port, String version, String zone) {
    members.put(name, new Member(service, name, port, version, zone));
  }

  void start() throws Exception {
    clear(work.resolve("data"));
    Path data = Files.createDirectories(work.resolve("data"));
    mounted = Machine.output("mount", "-t", "tmpfs", "-o", "size=192m", "tmpfs", data.toString()).ok();
    Runtime.getRuntime().addShutdownHook(new Thread(this::unmount, "unmount"));
    certificates();
    for (String name : members.keySet()) {
      startNode(name);
    }
    configure();
    fairlead =
        children.start(
            List.of("./fairlead", "run", "-c", config.toString()), work.resolve("fairlead.log"));
    await("it is ready", Duration.ofSeconds(60), () -> get("/readyz").statusCode() == 200);
  }

  interface Condition {
    boolean holds() throws Exception;
  }

  static void await(String what, Duration most, Condition condition) throws Exception {
    long deadline = System.nanoTime() + most.toNanos();
    while (true) {
      try {
        if (condition.holds()) {
          return;
        }
      } catch (IOException _) {
        // not yet
      }
      if (System.nanoTime() > deadline) {
        throw new IOException("waited in vain until " + what);
      }
      Thread.sleep(50);
    }
  }

  private static void clear(Path folder) throws IOException {
    Machine.Output _ = Machine.output("umount", folder.toString()); // of a run that was killed
    if (Files.exists(folder)) {
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(each);
        }
      }
    }
  }

  // --- Fairlead -------------------------------------------------------------------------------

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send("GET", path, "");
  }

  HttpResponse<String> send(String method, String path, String body)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ADMIN + path))
            .timeout(Duration.ofSeconds(10))
            .header("content-type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  void must(String method, String path, String body) throws IOException, InterruptedException {
    HttpResponse<String> answer = send(method, path, body);
    if (answer.statusCode() / 100 != 2) {
      throw new IOException(method + " " + path + ": " + answer.statusCode() + " " + answer.body());
    }
  }

  long fairleadPid() {
    return fairlead.pid();
  }

  /** Takes a text of the configuration for another one, and has it applied. */
  void change(String usual, String other) throws Exception {
    changed.put(usual, other);
    reconfigure();
  }

  void changeBack() throws Exception {
    if (!changed.isEmpty()) {
      changed.clear();
      reconfigure();
    }
  }

  private void reconfigure() throws Exception {
    configure();
    must("POST", "/api/v1/config/reload", "");
  }

  private void configure() throws IOException {
    String text = text();
    for (Map.Entry<String, String> change : changed.entrySet()) {
      if (!text.contains(change.getKey())) {
        throw new IOException("the configuration does not say " + change.getKey());
      }
      text = text.replace(change.getKey(), change.getValue());
    }
    Path next = config.resolveSibling("fairlead.yaml.next");
    Files.writeString(next, text);
    Files.move(next, config, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private String text() {
    StringBuilder routes = new StringBuilder();
    for (String page :
        List.of(
            "catalog", "product", "search", "cart", "checkout", "account", "orders", "wishlist",
            "images", "download", "reviews", "stock", "admin")) {
      routes.append(
          "      - { name: %s, match: { path: \"/%s/**\" }, service: shop, timeouts: { idle: 5s } }\n"
              .formatted(page, page));
    }
    StringBuilder apis = new StringBuilder();
    for (String page : List.of("items", "prices", "orders", "stock")) {
      apis.append(
          "      - { name: api-%s, match: { path: \"/api/%s/**\" }, service: shop, timeouts: { idle: 5s } }\n"
              .formatted(page, page));
    }
    return """
        admin: { bind: "127.0.0.1:%d" }
        data: "%s"
        logs: { mask: { client: "/24" } }
        listeners:
          web:
            bind: "127.0.0.1:%d"
            routes:
        %s      - { name: pay, match: { path: "/pay/**" }, service: pay, timeout: 5s }
              - { name: home, service: shop, timeouts: { idle: 5s } }
          secure:
            bind: "127.0.0.1:%d"
            tls: { certificates: [ { cert: "%s", key: "%s" } ] }
            routes:
        %sservices:
          shop: { health: { http: /healthz }, nodes: [%s] }
          pay: { health: { http: /healthz }, limits: { requests-per-node: 3 }, nodes: [%s] }
        """
        .formatted(
            ADMIN,
            work.resolve("data"),
            WEB,
            routes,
            SECURE,
            work.resolve("shown.pem"),
            work.resolve("shown.key"),
            apis,
            nodes("shop"),
            nodes("pay"));
  }

  private String nodes(String service) {
    List<String> nodes = new ArrayList<>();
    for (Member each : members.values()) {
      if (each.service.equals(service)) {
        nodes.add(node(each));
      }
    }
    return String.join(", ", nodes);
  }

  private static String node(Member each) {
    return "{ address: \"127.0.0.1:%d\", name: %s, zone: %s, labels: { version: \"%s\" } }"
        .formatted(each.port, each.name, each.zone, each.version);
  }

  // --- nodes ----------------------------------------------------------------------------------

  /** One more of the shop, that the configuration does not name. */
  Member another() {
    return new Member("shop", "s9", FIRST_NODE + 20, "1", "z0");
  }

  void startNode(String name) throws Exception {
    Member member = members.containsKey(name) ? members.get(name) : another();
    Path log = work.resolve("node-" + name + ".log");
    Files.deleteIfExists(log);
    processes.put(
        name,
        children.start(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms8m",
                "-Xmx32m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                "incidents/work/classes",
                "ShopNode",
                Integer.toString(member.port),
                name,
                Integer.toString(name.hashCode())),
            log));
    await(
        name + " is there",
        Duration.ofSeconds(20),
        () -> Files.exists(log) && Files.readString(log).contains("ready"));
  }

  void stopNode(String name) {
    Process process = processes.remove(name);
    if (process != null) {
      children.stop(process);
    }
  }

  void kill(String name) throws InterruptedException {
    int _ = processes.get(name).destroyForcibly().waitFor();
  }

  long pid(String name) {
    return processes.get(name).pid();
  }

  boolean isAlive(String name) {
    return processes.containsKey(name) && processes.get(name).isAlive();
  }

  void signal(String name, String signal) throws IOException, InterruptedException {
    int _ = new ProcessBuilder("kill", "-" + signal, Long.toString(pid(name))).start().waitFor();
  }

  /** Makes a node go wrong, or right, in the words of {@link ShopNode}. */
  void control(String name, String words) throws IOException, InterruptedException {
    int port = members.containsKey(name) ? members.get(name).port : another().port;
    HttpResponse<String> _ =
        http.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/_control?" + words))
                .timeout(Duration.ofSeconds(5))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  void controlAll(Stream<String> names, String words) throws IOException, InterruptedException {
    for (String name : names.toList()) {
      control(name, words);
    }
  }

  Stream<String> of(String service) {
    return members.values().stream().filter(m -> m.service.equals(service)).map(Member::name);
  }

  Stream<String> inZone(String zone) {
    return members.values().stream().filter(m -> m.zone.equals(zone)).map(Member::name);
  }

  // --- certificates and disk ------------------------------------------------------------------

  Path authority() {
    return work.resolve("ca.pem");
  }

  private void certificates() throws IOException {
    authority("ca");
    authority("stranger");
    issue("good", "ca", 400);
    issue("ending", "ca", 5);
    issue("wrong", "stranger", 400);
    show("good");
  }

  private void authority(String name) throws IOException {
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
        "500", "-subj", "/CN=" + name, "-keyout", file(name + ".key"), "-out", file(name + ".pem"));
  }

  private void issue(String name, String authority, int days) throws IOException {
    openssl(
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
        "/CN=shop.example", "-keyout", file(name + ".key"), "-out", file(name + ".csr"));
    Files.writeString(work.resolve("names"), "subjectAltName=DNS:shop.example\n");
    openssl(
        "x509", "-req", "-in", file(name + ".csr"), "-CA", file(authority + ".pem"), "-CAkey",
        file(authority + ".key"), "-CAcreateserial", "-days", Integer.toString(days), "-extfile",
        file("names"), "-out", file(name + ".pem"));
  }

  private String file(String name) {
    return work.resolve(name).toString();
  }

  private static void openssl(String... words) throws IOException {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(words));
    Machine.Output output = Machine.output(command.toArray(String[]::new));
    if (!output.ok()) {
      throw new IOException(String.join(" ", command) + ": " + output.text());
    }
  }

  /** The listener for TLS shows that certificate from now on, or as soon as it has looked. */
  void show(String name) throws IOException {
    Files.copy(
        work.resolve(name + ".key"), work.resolve("shown.key"), StandardCopyOption.REPLACE_EXISTING);
    Files.copy(
        work.resolve(name + ".pem"), work.resolve("shown.pem"), StandardCopyOption.REPLACE_EXISTING);
  }

  boolean hasDisk() {
    return mounted;
  }

  void fillDisk() {
    Machine.Output _ =
        Machine.output("dd", "if=/dev/zero", "of=" + work.resolve("data/filler"), "bs=1M");
  }

  void emptyDisk() throws IOException {
    boolean _ = Files.deleteIfExists(work.resolve("data/filler"));
  }

  private void unmount() {
    if (mounted) {
      Machine.Output _ = Machine.output("umount", "-l", work.resolve("data").toString());
    }
  }

  /** How many descriptors a process has open. */
  static long open(long pid) throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      return all.count();
    }
  }

  static void limitDescriptors(long pid, long most) throws IOException {
    Machine.Output done =
        Machine.output("prlimit", "--pid", Long.toString(pid), "--nofile=" + most + ":");
    if (!done.ok()) {
      throw new IOException("prlimit of " + pid + " to " + most + ": " + done.text());
    }
  }

  /** As many as it may have without being given more rights. */
  static void unlimitDescriptors(long pid) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/limits"))) {
      String most =
          lines
              .filter(line -> line.startsWith("Max open files"))
              .map(line -> line.strip().split(" {2,}")[2])
              .findFirst()
              .orElseThrow();
      limitDescriptors(pid, Long.parseLong(most));
    }
  }

  @Override
  public void close() throws InterruptedException {
    for (String name : processes.keySet()) {
      if (isAlive(name)) {
        try {
          signal(name, "CONT");
        } catch (IOException _) {
          // it has gone
        }
      }
    }
    if (fairlead != null) {
      fairlead.destroy();
      boolean _ = fairlead.waitFor(10, TimeUnit.SECONDS);
    }
    children.stopAll();
  }
}
