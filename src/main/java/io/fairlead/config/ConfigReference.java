package io.fairlead.config;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Set;

/** The manual of the file: what {@link Language} says, as tables. */
final class ConfigReference {
  private ConfigReference() {}

  /** The page, the same text every time. */
  public static String markdown() {
    return page(head(), Language.FILE);
  }

  /** The page of what can be said in the description of a simulation. */
  static String simulation() {
    return page(
        """
        # Keys of a simulation

        What `fairlead simulate FILE` reads ([how to use it](simulate.md)). This page is generated from \
        the code that reads it. Lists, durations, environment and anchors are as in a \
        [configuration](configuration.md); all problems of a file are told at once, each with its \
        place. A share is `0.2` or `20%`.
        """,
        SimulationLanguage.FILE);
  }

  /** The page of what can be said in the file of an agent. */
  static String agent() {
    return page(
        """
        # Keys of an agent's file

        What `fairlead agent -c FILE` reads ([how to use it](agent.md)). This page is generated from the \
        code that reads it. Lists, durations, environment and anchors are as in a \
        [configuration](configuration.md); all problems of a file are told at once, each with its \
        place.
        """,
        AgentLanguage.FILE);
  }

  private static String page(String head, Obj<?> file) {
    StringBuilder page = new StringBuilder(head);
    Set<Obj<?>> done = new LinkedHashSet<>();
    Deque<Obj<?>> next = new ArrayDeque<>();
    next.add(file);
    while (!next.isEmpty()) {
      Obj<?> object = next.removeFirst();
      if (done.add(object)) {
        section(page, object);
        Deque<Obj<?>> inside = new ArrayDeque<>();
        object.keys().forEach(key -> collect(key.shape(), inside));
        inside.descendingIterator().forEachRemaining(next::addFirst);
      }
    }
    return page.toString();
  }

  private static void collect(Shape<?> shape, Deque<Obj<?>> into) {
    switch (shape) {
      case Scalar<?> _ -> {}
      case ListOf<?> list -> collect(list.element(), into);
      case MapOf<?> map -> collect(map.value(), into);
      case Obj<?> object -> into.add(object);
    }
  }

  private static void section(StringBuilder page, Obj<?> object) {
    page.append("\n## ").append(object.kind()).append("\n\n").append(object.doc()).append("\n\n");
    page.append("| key | type | default | bounds | meaning | example |\n");
    page.append("|---|---|---|---|---|---|\n");
    for (Key<?> key : object.keys()) {
      String bounds = key.shape() instanceof Scalar<?> scalar ? scalar.bounds() : "";
      page.append("| `").append(key.name()).append("` | ");
      page.append(type(key.shape())).append(" | ");
      page.append(key.isRequired() ? "*required*" : key.fallbackText()).append(" | ");
      page.append(bounds).append(" | ");
      page.append(key.doc()).append(" | `");
      page.append(key.name()).append(": ").append(key.example()).append("` |\n");
    }
    if (!object.later().isEmpty()) {
      page.append("\nNot available in this version: `");
      page.append(String.join("`, `", object.later())).append("`.\n");
    }
  }

  private static String type(Shape<?> shape) {
    return switch (shape) {
      case Scalar<?> scalar -> scalar.kind();
      case Obj<?> object -> "[" + object.kind() + "](#" + object.kind() + ")";
      case ListOf<?> list ->
          list.element() instanceof Obj<?> object
              ? "list of " + "[" + list.plural() + "](#" + object.kind() + ")"
              : list.kind();
      case MapOf<?> map ->
          map.value() instanceof Obj<?> object
              ? "map of [" + map.plural() + "](#" + object.kind() + ")"
              : map.kind();
    };
  }

  private static String head() {
    return """
    # Configuration

    One YAML file tells an instance everything. This page is generated from the code that reads it; \
    `fairlead.schema.json` beside it makes editors complete and check. The smallest useful file:

    ```yaml
    listeners:
      web: { bind: "0.0.0.0:8080", routes: [ { service: shop } ] }
    services:
      shop: { nodes: ["10.0.0.11:8080", "10.0.0.12:8080"] }
    ```

    - **Lists**: a list of one may be written as the one.
    - **Durations** are one number and `ms`, `s`, `m` or `h`: `500ms`, `1.5s`. **Sizes** are one number \
    and `B`, `KiB`, `MiB`, `GiB` or `TiB`; a number alone is bytes.
    - **Environment**: `${NAME}` in a value becomes that variable, `${NAME:-default}` the default when \
    it is unset or empty; `$$` is one dollar sign. Keys are taken as they are.
    - **Secrets** may be written as `file:PATH`: the content of that file without the newline at its \
    end, at most %s. They appear in no message.
    - **Paths** are relative to the folder of the file.
    - **Names** of listeners, services, routes and tokens match `%s`.
    - **Anchors and aliases** work; aliases may repeat %d values. One document, at most %s, nested at \
    most %d deep.
    - A file is taken whole or not at all. `fairlead check` tells all problems at once, each as \
    `FILE:LINE:COL: path: rule (was VALUE)`.

    Addresses are `10.0.0.11:8080`, `[fd00::11]:8080` or `shop.internal:8080`; two spellings of one \
    address are two addresses.
    """
        .formatted(
            Units.size(Secrets.MAX_BYTES),
            Syntax.NAME_PATTERN,
            TreeReader.MAX_ALIASED,
            Units.size(YamlText.MAX_LENGTH),
            YamlText.MAX_DEPTH);
  }
}
