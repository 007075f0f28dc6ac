package io.fairlead.replication.manage;

import java.util.ArrayList;
import java.util.List;

/** What one instance tells the others of a database: a line for each thing, with tabs within. */
final class ViewText {
  private ViewText() {}

  static String write(ManagedView view) {
    StringBuilder text = new StringBuilder();
    if (view.coordinates()) {
      line(text, "coordinates", view.doing());
    }
    view.members()
        .forEach(one ->
            line(
                text,
                "member",
                one.name(),
                one.instance(),
                one.doing(),
                one.trouble(),
                Long.toString(one.pid()),
                one.damage()));
    view.steps().forEach(one -> line(text, "step", one.what(), Long.toString(one.millis())));
    return text.toString();
  }

  private static void line(StringBuilder text, String... words) {
    List<String> clean = new ArrayList<>();
    for (String word : words) {
      clean.add(word.replaceAll("\\p{Cntrl}", " "));
    }
    text.append(String.join("\t", clean)).append('\n');
  }

  /** What is known here, with what others tell. */
  static ManagedView join(ManagedView own, List<String> others) {
    String doing = own.doing();
    boolean other = false;
    List<ManagedView.Own> members = new ArrayList<>(own.members());
    List<ManagedView.Step> steps = new ArrayList<>(own.steps());
    for (String text : others) {
      List<ManagedView.Step> theirs = new ArrayList<>();
      boolean coordinates = false;
      for (String line : text.lines().toList()) {
        String[] words = line.split("\t", -1);
        if (words[0].equals("coordinates") && words.length > 1) {
          coordinates = true;
          doing = own.coordinates() ? doing : words[1];
        } else if (words[0].equals("member") && words.length > 5) {
          members.add(
              new ManagedView.Own(
                  words[1],
                  words[2],
                  words[3],
                  words[4],
                  Long.parseLong(words[5]),
                  words.length > 6 ? words[6] : "")); // one of an older version says nothing of it
        } else if (words[0].equals("step") && words.length > 2) {
          theirs.add(new ManagedView.Step(words[1], Long.parseLong(words[2])));
        }
      }
      if (!own.coordinates() && !theirs.isEmpty() && (coordinates || (!other && steps.isEmpty()))) {
        other = coordinates;
        steps = theirs;
      }
    }
    return new ManagedView(
        own.coordinates(), own.paused(), own.term(), own.names(), doing, members, steps);
  }
}
