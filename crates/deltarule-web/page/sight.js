// What is on the screen: a picture or a table that is not need not follow a walk that runs.

const seen = new WeakSet();
const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) seen.add(target);
    else seen.delete(target);
  }
}, { rootMargin: "60px" });

/** Finds out from now on whether an element is on the screen. */
export const watch = (element) => observer.observe(element);

/** Whether it is. */
export const isSeen = (element) => seen.has(element);
