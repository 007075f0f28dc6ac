package io.fairlead;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.JavaModifier.SYNCHRONIZED;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.instruction.MonitorInstruction;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.common.Configurable;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/**
 * The rules of the house, asked of the compiled classes: which room may use which, what event loops
 * may not do, which doors are open. ARCHITECTURE.md tells why.
 */
final class HouseTest {
  private static final String ROOT = "io.fairlead";

  /** A room is a package right below the root, with all that is below it. */
  private static final Map<String, Integer> FLOORS =
      Map.ofEntries(
          Map.entry("admin", 5),
          Map.entry("cli", 5),
          Map.entry("proxy", 4),
          Map.entry("health", 4),
          Map.entry("discovery", 4),
          Map.entry("dns", 4),
          Map.entry("demo", 4),
          Map.entry("takeover", 4),
          Map.entry("simulate", 4),
          Map.entry("record", 4),
          Map.entry("group", 4),
          Map.entry("acme", 4),
          Map.entry("alert", 4),
          Map.entry("scaling", 4),
          Map.entry("vip", 4),
          Map.entry("replication", 4),
          Map.entry("balance", 3),
          Map.entry("route", 3),
          Map.entry("limit", 3),
          Map.entry("trust", 3),
          Map.entry("identity", 3),
          Map.entry("insight", 3),
          Map.entry("docker", 3),
          Map.entry("extension", 3),
          Map.entry("service", 2),
          Map.entry("telemetry", 1),
          Map.entry("config", 0),
          Map.entry("filter", 0),
          Map.entry("runtime", 0));

  /** Found by their names: by the JVM, and by the engine of a group. */
  private static final Set<String> BY_NAME =
      Set.of(Main.class.getName(), ROOT + ".group.MemberTls");

  private static final Path COMPILED = compiled();
  private static final JavaClasses HOUSE = new ClassFileImporter().importPath(COMPILED);

  @Test
  void everyRoomHasAFloor() {
    Set<String> rooms = new TreeSet<>();
    for (JavaClass one : HOUSE) {
      rooms.add(room(one));
    }
    rooms.remove("");
    assertThat(rooms).isEqualTo(new TreeSet<>(FLOORS.keySet()));
  }

  @Test
  void aRoomUsesRoomsOnLowerFloorsOnly() {
    Set<String> wrong = new TreeSet<>();
    for (JavaClass one : HOUSE) {
      for (Dependency use : one.getDirectDependenciesFromSelf()) {
        JavaClass other = use.getTargetClass();
        if (isOurs(other) && !room(one).equals(room(other)) && floor(other) >= floor(one)) {
          wrong.add(use.getDescription());
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void noRoomsUseEachOtherInACircle() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(HOUSE);
  }

  @Test
  void chanceIsGivenAndNeverTakenFromAHiddenSource() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .haveNameMatching("java\\.util\\.(Random|concurrent\\.ThreadLocalRandom)")
        .orShould()
        .callMethod(Math.class, "random")
        .check(HOUSE);
  }

  @Test
  void theDataPlaneNeverSleeps() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".proxy..")
        .should()
        .callMethodWhere(target(owner(type(Thread.class))).and(target(name("sleep"))))
        .check(HOUSE);
  }

  @Test
  void theDataPlaneTakesNoLock() throws IOException {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".proxy..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.util.concurrent.locks..")
        .check(HOUSE);
    noMethods()
        .that()
        .areDeclaredInClassesThat()
        .resideInAPackage(ROOT + ".proxy..")
        .should()
        .haveModifier(SYNCHRONIZED)
        .check(HOUSE);
    assertThat(methodsWithSynchronizedBlocks("io/fairlead/proxy")).isEmpty();
  }

  /** The look at byte code that the rule above relies on does see a synchronized block. */
  @Test
  void aSynchronizedBlockIsSeen() throws IOException {
    assertThat(methodsWithSynchronizedBlocks("io/fairlead/telemetry"))
        .contains("io/fairlead/telemetry/EventLog.add");
  }

  @Test
  void onlyTheRootAndTheCommandLineSpeakToTheTerminal() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT, ROOT + ".cli..")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(HOUSE);
  }

  @Test
  void everyPackageSaysThatNullsAreMarked() {
    Set<String> wrong = new TreeSet<>();
    for (JavaClass one : HOUSE) {
      JavaPackage its = one.getPackage();
      if (!its.isAnnotatedWith(NullMarked.class)) {
        wrong.add(its.getName());
      }
    }
    assertThat(wrong).isEmpty();
  }

  /**
   * A class is public because another package names it, because it stands in a public signature of
   * a class that another package names, or because Kafka's client has to make it.
   */
  @Test
  void aDoorIsOpenOnlyWhereSomeoneKnocks() {
    Deque<JavaClass> reached = new ArrayDeque<>();
    Set<JavaClass> needed = new LinkedHashSet<>();
    for (JavaClass one : HOUSE) {
      if (usedFromOutside(one)
          || one.isAssignableTo(Configurable.class)
          || BY_NAME.contains(one.getName())) {
        reached.add(one);
      }
    }
    while (!reached.isEmpty()) {
      JavaClass next = reached.remove();
      if (needed.add(next)) {
        publicSignatures(next).filter(HouseTest::isOurs).forEach(reached::add);
        next.getEnclosingClass().ifPresent(reached::add);
      }
    }
    Set<String> wrong =
        HOUSE.stream()
            .filter(HouseTest::isOpen)
            .filter(one -> !needed.contains(one))
            .map(JavaClass::getName)
            .collect(toCollection(TreeSet::new));
    assertThat(wrong).as("public, and no other package asks for it").isEmpty();
  }

  private static boolean usedFromOutside(JavaClass one) {
    return one.getDirectDependenciesToSelf().stream()
        .anyMatch(use -> !use.getOriginClass().getPackageName().equals(one.getPackageName()));
  }

  private static Stream<JavaClass> publicSignatures(JavaClass one) {
    Stream<JavaClass> units =
        one.getCodeUnits().stream()
            .filter(unit -> isVisible(unit.getModifiers()))
            .flatMap(HouseTest::signature);
    Stream<JavaClass> fields =
        one.getFields().stream()
            .filter(field -> isVisible(field.getModifiers()))
            .map(JavaField::getRawType);
    Stream<JavaClass> kinds =
        one.getSubclasses().stream().filter(kind -> one.isInterface() && kind.isRecord());
    Stream<JavaClass> parents =
        Stream.concat(one.getRawInterfaces().stream(), one.getRawSuperclass().stream());
    return Stream.of(units, fields, kinds, parents).flatMap(all -> all);
  }

  private static Stream<JavaClass> signature(JavaCodeUnit unit) {
    return Stream.of(
            unit.getReturnType().getAllInvolvedRawTypes().stream(),
            unit.getParameterTypes().stream()
                .flatMap(type -> type.getAllInvolvedRawTypes().stream()))
        .flatMap(all -> all);
  }

  private static boolean isVisible(Set<JavaModifier> modifiers) {
    return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
  }

  /** Public, and so are the classes it stands in. */
  private static boolean isOpen(JavaClass one) {
    return one.getModifiers().contains(JavaModifier.PUBLIC)
        && one.getEnclosingClass().map(HouseTest::isOpen).orElse(true);
  }

  private static boolean isOurs(JavaClass one) {
    return one.getPackageName().equals(ROOT) || one.getPackageName().startsWith(ROOT + ".");
  }

  /** The name of a class's room; empty for the root. */
  private static String room(JavaClass one) {
    String below = one.getPackageName().substring(ROOT.length());
    return below.isEmpty() ? "" : below.split("\\.", -1)[1];
  }

  private static int floor(JavaClass one) {
    return FLOORS.getOrDefault(room(one), 6); // the root stands on all of them
  }

  private static List<String> methodsWithSynchronizedBlocks(String folder) throws IOException {
    try (Stream<Path> files = Files.walk(COMPILED.resolve(folder))) {
      return files
          .filter(file -> file.toString().endsWith(".class"))
          .map(HouseTest::parse)
          .flatMap(model ->
              model.methods().stream()
                  .filter(method ->
                      method.code().stream()
                          .flatMap(code -> code.elementStream())
                          .anyMatch(HouseTest::isMonitor))
                  .map(method ->
                      model.thisClass().asInternalName() + "." + method.methodName().stringValue()))
          .toList();
    }
  }

  private static boolean isMonitor(CodeElement element) {
    return element instanceof MonitorInstruction;
  }

  private static ClassModel parse(Path file) {
    try {
      return ClassFile.of().parse(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Path compiled() {
    try {
      return Path.of(Main.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
