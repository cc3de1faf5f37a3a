/**
 * What stages of the vendor's do on a runner of ours. The texts are fixed: all that a client says comes in by the
 * environment, where it stays data.
 */

const SAFE_PATH = `safe() {
  case "/$1/" in *"/../"*) echo "expected a path without .., found $1" >&2; exit 1 ;; esac
}
`

/** A package as it is called and where it lies in the workspace of the run; what is to outlive that goes to `$KEPT`. */
export const KEEP_PACKAGE = `${SAFE_PATH}
safe "$FROM"; safe "$TO"
if [ ! -e "$FROM" ]; then
  echo "The stage has ended without making $FROM, which it should keep as the package $PACKAGE" >&2
  exit 1
fi
rm -rf "$TO"
mkdir -p "$TO"
cp -R "$FROM" "$TO/"
file="$TO/\${FROM##*/}"
size=$(find "$file" -type f -exec cat {} + | wc -c | tr -d ' ')
digest=''
if [ -f "$file" ] && command -v sha512sum >/dev/null 2>&1; then digest=$(sha512sum < "$file" | cut -d ' ' -f 1); fi
rm -rf "$KEPT"
mkdir -p "\${KEPT%/*}"
if [ -f "$file" ]; then cp "$file" "$KEPT"; else tar -czf "$KEPT" -C "$TO" "./\${FROM##*/}"; fi
one_line() { printf '%s=' "$1"; printf '%s' "$2" | tr '\\n' ' '; echo; }
{
  one_line package "$PACKAGE"
  one_line namespace "$NAMESPACE"
  one_line name "$NAME"
  one_line version "$VERSION"
  one_line folder "$FOLDER"
  one_line file "$file"
  one_line filename "\${FROM##*/}"
  one_line size "$size"
  one_line digest "$digest"
} >> "$MILLRACE_OUTPUT"
echo "Kept $FROM as $PACKAGE ($size bytes)"
`

export const FETCH_PACKAGE = `${SAFE_PATH}
safe "$FROM"; safe "$TO"
if [ ! -d "$FROM" ]; then
  echo "No stage of this run has made the package $PACKAGE" >&2
  exit 1
fi
mkdir -p "$TO"
cp -R "$FROM/." "$TO/"
echo "The package $PACKAGE lies in $TO"
`

export const BUILD_IMAGE = `${SAFE_PATH}
builder=''
for one in docker podman nerdctl buildah; do
  if command -v "$one" >/dev/null 2>&1; then builder=$one; break; fi
done
if [ -z "$builder" ]; then
  echo "There is no image builder on this runner: docker, podman, nerdctl or buildah must be in its PATH" >&2
  exit 1
fi
safe "$CONTEXT"; safe "$DOCKERFILE_PATH"
mkdir -p "$CONTEXT"
cd "$CONTEXT"
file="./\${DOCKERFILE_PATH:-Dockerfile.millrace}"
if [ -z "$DOCKERFILE_PATH" ]; then printf '%s\\n' "$DOCKERFILE_CONTENT" > "$file"; fi
set -- build -f "$file"
first=''
while IFS= read -r image; do
  if [ -n "$image" ]; then set -- "$@" -t "$image"; fi
  if [ -z "$first" ]; then first=$image; fi
done <<END
$IMAGES
END
echo "$builder $* ."
"$builder" "$@" .
if [ -n "$first" ]; then echo "image=$first" >> "$MILLRACE_OUTPUT"; fi
`

const KUBERNETES = `manifest="./deploy-$STAGE.yaml"
printf '%s\\n' "$INPUT_INFO" > "$manifest"
if ! grep -q 'apiVersion' "$manifest"; then
  echo "This server has no CCE or CCI: input_info must be a Kubernetes manifest, which is applied with kubectl, or a script that begins with #!" >&2
  exit 1
fi
if ! command -v kubectl >/dev/null 2>&1; then
  echo "There is no kubectl on this runner, which the deploy of a Kubernetes manifest needs" >&2
  exit 1
fi
`

export const DEPLOY = `${KUBERNETES}kubectl apply -f "$manifest"
`

export const UNDO_DEPLOY = `${KUBERNETES}kubectl rollout undo -f "$manifest"
`
