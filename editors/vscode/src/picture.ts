// The page around a search tree's SVG.

/** Which of the picture's two sets of colours the editor wants. */
export type Theme = "light" | "dark";

/** The picture in the editor's colours; by itself it follows those of the desktop. */
export function themed(svg: string, theme: Theme): string {
  const chosen = theme === "dark" ? "@media all" : "@media not all";
  return svg
    .replace(/^\s*<\?xml[^>]*\?>\s*/, "")
    .replaceAll(/@media\s*\(prefers-color-scheme:\s*dark\)/g, chosen);
}

/**
 * A page that shows the picture, zooms with Ctrl and the wheel or with + − 0, and takes another
 * picture by a message `{svg}` without losing its place.
 */
export function page(svg: string, nonce: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-${nonce}';">
<style>
  body { padding: 0; margin: 0; }
  #picture { transform-origin: 0 0; display: inline-block; }
</style>
</head>
<body>
<div id="picture">${svg}</div>
<script nonce="${nonce}">
  const picture = document.getElementById('picture');
  let scale = 1;
  const zoom = (to) => {
    scale = Math.min(4, Math.max(0.2, to));
    picture.style.zoom = scale;
  };
  addEventListener('message', (event) => {
    if (typeof event.data?.svg === 'string') { picture.innerHTML = event.data.svg; }
  });
  addEventListener('wheel', (event) => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      zoom(scale * (event.deltaY < 0 ? 1.1 : 1 / 1.1));
    }
  }, { passive: false });
  addEventListener('keydown', (event) => {
    if (event.key === '+' || event.key === '=') { zoom(scale * 1.2); }
    if (event.key === '-') { zoom(scale / 1.2); }
    if (event.key === '0') { zoom(1); }
  });
</script>
</body>
</html>
`;
}
