/** Images of the examples and of the end-to-end tests. */
export {
  buildExampleImage,
  buildTestImage,
  exampleImageNames,
  shellFiles,
  testImageKinds,
  type ExampleName,
  type ImagePlace,
  type TestImageKind,
} from './example-image.ts';
